package cluster

import (
	"errors"
	"fmt"
	"maps"
	"net"
	"os"
	"slices"
	"strings"

	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/hint"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/kube"
)

// Access is a connection to a cluster, as kubectl would make it.
type Access struct {
	Client    dynamic.Interface
	Core      rest.Interface // the core API, for requests that are not about objects
	REST      *rest.Config
	Namespace string // the one asked for, else that of the context, else default
	flags     string // of kubectl, for the same cluster
}

// kubectl is a command for the user.
func (a *Access) kubectl(args ...string) string {
	return strings.Join(append([]string{"kubectl" + a.flags}, args...), " ")
}

// fresh is a client that shares no connection with others.
func (a *Access) fresh() (dynamic.Interface, error) {
	if a.REST == nil {
		return a.Client, nil
	}
	r := rest.CopyConfig(a.REST)
	if r.Dial == nil {
		// A dialer of its own: client-go keeps one set of connections for each.
		r.Dial = (&net.Dialer{}).DialContext
	}
	c, _, err := kube.New(r)
	return c, err
}

// unconfigured is the error of a kubeconfig. Where there is none, client-go's
// names a variable of the environment that the tool does not read.
func unconfigured(err error) error {
	if clientcmd.IsEmptyConfig(err) {
		return errors.New("there is no kubeconfig")
	}
	return err
}

// checkNamed returns what is wrong with the file and the context that the user
// names. client-go's errors have the words of its own code.
func checkNamed(config clientcmd.ClientConfig, kubeconfig, context string) error {
	if kubeconfig != "" {
		if _, err := os.Stat(kubeconfig); err != nil {
			return hint.New(fmt.Errorf("--kubeconfig %s: %w", kubeconfig, errors.Unwrap(err)), "name a file that kubectl can read")
		}
	}
	if raw, err := config.RawConfig(); err == nil && context != "" && raw.Contexts[context] == nil {
		names := slices.Sorted(maps.Keys(raw.Contexts))
		return hint.New(fmt.Errorf("--context %s: the kubeconfig has no such context", context), hint.DidYouMean(context, names, "`kubectl config get-contexts` lists the contexts"))
	}
	return nil
}

// Connect reads the kubeconfig as kubectl does: the file named here, or those
// in KUBECONFIG, or ~/.kube/config, or the service account of the pod that it
// runs in. Empty arguments mean the defaults. Nothing is sent yet.
func Connect(kubeconfig, context, namespace string) (*Access, error) {
	const advice = "--kubeconfig, KUBECONFIG and --context choose the cluster, as with kubectl; `kubectl cluster-info` shows whether it can be reached"
	rules := clientcmd.NewDefaultClientConfigLoadingRules()
	rules.ExplicitPath = kubeconfig
	overrides := &clientcmd.ConfigOverrides{CurrentContext: context}
	overrides.Context.Namespace = namespace
	config := clientcmd.NewNonInteractiveDeferredLoadingClientConfig(rules, overrides)
	if err := checkNamed(config, kubeconfig, context); err != nil {
		return nil, err
	}
	ns, _, err := config.Namespace()
	if err != nil {
		return nil, hint.New(unconfigured(err), advice)
	}
	r, err := config.ClientConfig()
	if err != nil {
		return nil, hint.New(fmt.Errorf("no cluster to connect to: %w", unconfigured(err)), advice)
	}
	r.QPS, r.Burst = 50, 100 // watches and a handful of writes; the default of 5 a second would delay them
	r.UserAgent = "lameduck"
	client, core, err := kube.New(r)
	if err != nil {
		return nil, hint.New(err, advice)
	}
	a := &Access{Client: client, Core: core, REST: r, Namespace: ns}
	if kubeconfig != "" {
		a.flags += " --kubeconfig " + kubeconfig
	}
	if context != "" {
		a.flags += " --context " + context
	}
	return a, nil
}
