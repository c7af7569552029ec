package lameduck

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// recorded is what a handler answers on a server that is not of the Process.
func recorded(h http.HandlerFunc) (status int, text string) {
	w := httptest.NewRecorder()
	h(w, httptest.NewRequest("GET", "/", nil))
	return w.Code, w.Body.String()
}

// An admin server of another origin asks the Process, from before Run to after its
// end.
func TestHandlersOfAnotherServer(t *testing.T) {
	for _, fail := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			p := &Process{FailReadiness: fail}
			want := func(when string, ready int, debug string) {
				t.Helper()
				if status, text := recorded(p.Ready); status != ready {
					t.Errorf("FailReadiness %v, %s: Ready answers %d %s, want %d", fail, when, status, text, ready)
				}
				if status, text := recorded(p.Debug); status != 200 || !strings.HasPrefix(text, debug) {
					t.Errorf("FailReadiness %v, %s: Debug answers %d %s, want %s", fail, when, status, text, debug)
				}
			}
			want("before Run", 503, "not running: ")
			if status, _ := recorded(p.PreStop); status != 503 {
				t.Errorf("before Run: PreStop answers %d", status)
			}
			release := make(chan struct{})
			x := start(t, p, func(http.ResponseWriter, *http.Request) { <-release })
			want("serving", 200, "serving: ")
			go x.mustDial().get("/")
			synctest.Wait()
			x.t0 = time.Now()
			x.terminate()
			lameDuck := 200
			if fail {
				lameDuck = 503
			}
			want("lame duck", lameDuck, "lame duck: ")
			time.Sleep(11 * time.Second)
			want("finishing", 503, "finishing: ")
			close(release)
			x.end()
			want("ended", 503, "ended: ")
		})
	}
}

// A hook that reaches an admin server begins the lame duck and answers at its end.
func TestPreStopOfAnotherServer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := start(t, &Process{}, ok)
		x.t0 = time.Now()
		status, _ := recorded(x.PreStop)
		if at := time.Since(x.t0); status != 200 || at != 10*time.Second {
			t.Errorf("answered %d at %v, want 200 at 10 s", status, at)
		}
		x.cancel(errors.New("test"))
		x.endsAt(10 * time.Second)
		if by := x.Status().By; by != "preStop" {
			t.Errorf("by %q", by)
		}
	})
}

// A hook whose client has gone does not wait.
func TestPreStopThatIsGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := start(t, &Process{}, ok)
		x.t0 = time.Now()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		x.PreStop(httptest.NewRecorder(), httptest.NewRequestWithContext(ctx, "GET", "/", nil))
		if at := time.Since(x.t0); at != time.Second {
			t.Errorf("returned at %v", at)
		}
		x.cancel(errors.New("test"))
		x.endsAt(10 * time.Second)
	})
}
