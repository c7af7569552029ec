package cluster

import (
	"context"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/dynamic"
)

// Complete lists what the beginning of a KIND/NAME may become: the kinds, and
// after the slash the names there are. A shell asks; of an error it learns
// nothing but that there is no answer.
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
