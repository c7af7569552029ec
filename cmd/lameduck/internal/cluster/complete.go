package cluster

import (
	"context"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/dynamic"
)

// Complete lists the completions of the start of a KIND/NAME: the kinds, and
// after the slash the names of the objects. It is called by a shell, so an
// error only means that there is no completion.
func Complete(ctx context.Context, c dynamic.Interface, namespace, begun string) []string {
	kind, _, slash := strings.Cut(begun, "/")
	if !slash {
		return []string{"deploy/", "sts/", "ds/", "svc/"}
	}
	plural, known := kinds[strings.ToLower(kind)]
	if !known {
		return nil
	}
	list, err := resource(plural).List(ctx, c, namespace, metav1.ListOptions{})
	if err != nil {
		return nil
	}
	names := make([]string, len(list.Items))
	for i := range list.Items {
		names[i] = kind + "/" + list.Items[i].Name
	}
	return names
}
