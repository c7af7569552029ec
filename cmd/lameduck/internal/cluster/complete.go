package cluster

import (
	"context"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
)

// Complete lists what the beginning of a KIND/NAME may become: the kinds, and
// after the slash the names there are. A shell asks; of an error it learns
// nothing but that there is no answer.
func Complete(ctx context.Context, c kubernetes.Interface, namespace, begun string) []string {
	kind, _, slash := strings.Cut(begun, "/")
	if !slash {
		return []string{"deploy/", "sts/", "ds/", "svc/"}
	}
	names, err := list(ctx, c, namespace, kinds[strings.ToLower(kind)])
	if err != nil {
		return nil
	}
	for i, name := range names {
		names[i] = kind + "/" + name
	}
	return names
}

func list(ctx context.Context, c kubernetes.Interface, namespace, kind string) (names []string, err error) {
	all := metav1.ListOptions{}
	switch kind {
	case "deployments":
		l, err := c.AppsV1().Deployments(namespace).List(ctx, all)
		return namesOf(l.Items, err)
	case "statefulsets":
		l, err := c.AppsV1().StatefulSets(namespace).List(ctx, all)
		return namesOf(l.Items, err)
	case "daemonsets":
		l, err := c.AppsV1().DaemonSets(namespace).List(ctx, all)
		return namesOf(l.Items, err)
	case "services":
		l, err := c.CoreV1().Services(namespace).List(ctx, all)
		return namesOf(l.Items, err)
	}
	return nil, nil
}

// object is a pointer to a T that is a Kubernetes object.
type object[T any] interface {
	*T
	metav1.Object
}

func namesOf[T any, P object[T]](items []T, err error) ([]string, error) {
	if err != nil {
		return nil, err
	}
	names := make([]string, len(items))
	for i := range items {
		names[i] = P(&items[i]).GetName()
	}
	return names, nil
}
