package lameducktest_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/synctest"

	"github.com/lameduck-dev/lameduck"
	"github.com/lameduck-dev/lameduck/lameducktest"
)

// A handler is asked to leave.
func ExampleWithDraining() {
	handler := func(w http.ResponseWriter, r *http.Request) {
		<-lameduck.Draining(r.Context())
		fmt.Fprint(w, "reconnect elsewhere")
	}
	ctx, drain := lameducktest.WithDraining(context.Background())
	w := httptest.NewRecorder()
	drain()
	handler(w, httptest.NewRequestWithContext(ctx, "GET", "/", nil))
	fmt.Println(w.Body)
	// Output: reconnect elsewhere
}

// A termination in a test of a program: nothing is cut. In a bubble of synctest the
// 10 s of Delay take no time.
func ExampleStart() {
	_ = func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			l := lameducktest.NewListener(t)
			var p lameduck.Process
			p.AddHTTP(&http.Server{Handler: http.DefaultServeMux}, l)
			run := lameducktest.Start(t, &p)

			res, err := l.Client().Get("http://test/")
			if err != nil {
				t.Fatal(err)
			}
			res.Body.Close()
			if err := run.Terminate(); err != nil {
				t.Error(err)
			}
		})
	}
}
