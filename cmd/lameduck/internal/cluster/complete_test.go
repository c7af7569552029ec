package cluster

import (
	"errors"
	"slices"
	"testing"

	"k8s.io/apimachinery/pkg/runtime"
	clienttesting "k8s.io/client-go/testing"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/kube/kubetest"
)

func TestComplete(t *testing.T) {
	c := kubetest.New(deployment(1), service("shop", shopLabels), service("till", nil))
	for begun, want := range map[string][]string{
		"":          {"deploy/", "sts/", "ds/", "svc/"},
		"de":        {"deploy/", "sts/", "ds/", "svc/"},
		"deploy/":   {"deploy/shop"},
		"Service/x": {"Service/shop", "Service/till"},
		"sts/":      {},
		"ds/":       {},
		"bin/":      nil,
	} {
		if got := Complete(t.Context(), c, "prod", begun); !slices.Equal(got, want) {
			t.Errorf("%q: %q, want %q", begun, got, want)
		}
	}
	c.PrependReactor("list", "*", func(clienttesting.Action) (bool, runtime.Object, error) { return true, nil, errors.New("forbidden") })
	for _, begun := range []string{"deploy/", "sts/", "ds/", "svc/"} {
		if got := Complete(t.Context(), c, "prod", begun); got != nil {
			t.Errorf("%q: %q from an API server that refuses", begun, got)
		}
	}
}
