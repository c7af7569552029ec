package kube

import (
	"k8s.io/client-go/dynamic"
	_ "k8s.io/client-go/plugin/pkg/client/auth/oidc" // what a kubeconfig may name, as with kubectl
	"k8s.io/client-go/rest"
)

// New makes the clients of a cluster: of its objects, and of the core API for
// requests that are not about objects, such as the log of a pod. Both share their connections,
// and the limit of requests per second.
func New(config *rest.Config) (objects dynamic.Interface, core rest.Interface, err error) {
	config = dynamic.ConfigFor(config)
	config.AcceptContentTypes = "" // JSON rather than others: logs and metrics have another type
	config.APIPath = "/api/v1"
	core, err = rest.UnversionedRESTClientFor(config)
	if err != nil {
		return nil, nil, err
	}
	return dynamic.New(core), core, nil
}
