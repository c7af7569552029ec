package lameduck

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// maxRecord is what fits into one line of a container's log (the CRI splits those
// above 16 KiB), escapes included.
const maxRecord = 16 << 10

// A sizeLog notes the size of each record as JSON.
type sizeLog struct {
	buf  strings.Builder
	most int
}

func (l *sizeLog) Write(b []byte) (int, error) {
	l.most = max(l.most, len(b))
	return l.buf.Write(b)
}

// Whatever is cut, the log, the termination message and the text of the error stay
// short; the error has the whole list.
func TestReportOfTheCutIsBounded(t *testing.T) {
	for name, test := range map[string]struct {
		path            func(int) string
		requests, stuck int // stuck: as many workers, and closers
		want            string
		causes          bool
	}{
		"one route":     {func(int) string { return "/stuck" }, 400, 0, "400 times GET /stuck, the oldest from ", false},
		"many routes":   {func(i int) string { return fmt.Sprint("/", i) }, 400, 0, " other kinds", false},
		"long paths":    {func(i int) string { return fmt.Sprint("/", i, strings.Repeat(`"x`, 4000)) }, 20, 0, "GET /19", false},
		"stuck workers": {nil, 0, 60, `worker "0"`, false},
		"long causes":   {func(int) string { return "/stuck" }, 1, 0, "GET /stuck", true},
	} {
		t.Run(name, func(t *testing.T) {
			terminationLog := filepath.Join(t.TempDir(), "termination-log")
			os.WriteFile(terminationLog, nil, 0o600)
			synctest.Test(t, func(t *testing.T) {
				log := &sizeLog{}
				p := &Process{Log: slog.New(slog.NewJSONHandler(log, nil)), Grace: time.Minute, TerminationLog: terminationLog}
				release := make(chan struct{})
				for i := range test.stuck {
					p.AddWorker(fmt.Sprint(i), func(context.Context) error { waitsHere(release); return nil })
					p.AddCloser(fmt.Sprint(i), func(context.Context) error { waitsHere(release); return nil })
				}
				x := start(t, p, func(w http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
				for i := range test.requests {
					go x.mustDial().get(test.path(i))
				}
				synctest.Wait()
				if test.causes {
					x.cancel(errors.New(strings.Repeat("a long cause\n", 10000)))
				}
				x.terminate()
				_, err := x.end()
				close(release)
				synctest.Wait()
				if !strings.Contains(err.Error(), test.want) || len(err.Error()) > maxRecord {
					t.Errorf("%d bytes of error, want one with %q:\n%.300s", len(err.Error()), test.want, err)
				}
				if log.most > maxRecord || !strings.Contains(log.buf.String(), "cut 5") {
					t.Errorf("a log record has %d bytes", log.most)
				}
				cut, ok := errors.AsType[*CutError](err)
				if want := test.requests + 2*test.stuck; !ok || !errors.Is(err, ErrCut) || len(cut.Work) != want || p.Status().Cut != want {
					t.Errorf("%T has not the %d things that were cut", cut, want)
				}
				if words, _ := os.ReadFile(terminationLog); len(words) > 4096 || !strings.Contains(string(words), "cut ") {
					t.Errorf("%d bytes in the termination log:\n%.300s", len(words), words)
				}
			})
		})
	}
}
