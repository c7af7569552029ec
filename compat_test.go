package lameduck

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// A keyLog keeps the keys of each record, by its message.
type keyLog struct {
	slog.Handler
	mu   sync.Mutex
	keys map[string][]string
}

func (l *keyLog) Handle(ctx context.Context, r slog.Record) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	r.Attrs(func(a slog.Attr) bool { l.keys[r.Message] = append(l.keys[r.Message], a.Key); return true })
	return l.Handler.Handle(ctx, r)
}

// What CHANGELOG.md promises of the records of each phase is what they have.
func TestKeysOfTheLog(t *testing.T) {
	text, err := os.ReadFile("CHANGELOG.md")
	if err != nil {
		t.Fatal(err)
	}
	_, promise, _ := strings.Cut(string(text), "the keys of the log record of each phase: ")
	promise, _, _ = strings.Cut(promise, "\n- ")
	promised := strings.Split(strings.TrimSuffix(promise, ";"), ";")
	records := []string{"lame duck: serving on, asking clients to leave", "finishing: no new connections, and what is in flight finishes", "terminated"}
	if len(promised) != len(records) {
		t.Fatalf("%q", promised)
	}
	synctest.Test(t, func(t *testing.T) {
		log := &keyLog{Handler: slog.NewTextHandler(t.Output(), nil), keys: map[string][]string{}}
		p := &Process{Log: slog.New(log)}
		p.AddCloser("failing", func(context.Context) error { return errors.New("as intended") })
		x := start(t, p, ok)
		x.terminate()
		time.Sleep(time.Second)
		x.mustGet(x.mustDial(), "/")
		x.end()
		time.Sleep(time.Second)
		for i, message := range records {
			keys := log.keys[message]
			if len(keys) < 5 {
				t.Errorf("%q has the keys %q", message, keys)
			}
			for _, key := range keys {
				if !strings.Contains(promised[i], "`"+key+"`") {
					t.Errorf("%q has %q, which is not promised", message, key)
				}
			}
			rare := []string{"after_prestop", "hijacked_and_lost"}
			for j, key := range strings.Split(promised[i], "`") {
				if j%2 == 1 && !slices.Contains(keys, key) && !slices.Contains(rare, key) {
					t.Errorf("%q has no %q, which is promised: it has %q", message, key, keys)
				}
			}
		}
		if t.Failed() {
			t.Logf("records: %q", slices.Sorted(maps.Keys(log.keys)))
		}
	})
}
