package lab

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/hint"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/manifest"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/timeline"
)

// broken are the ways in which a pod does not become ready.
var broken = []struct {
	name   string
	does   behaviour
	detail string
	after  time.Duration
}{
	{"fails its probe", behaviour{warmUp: -1, emitted: "its probe fails"}, "after 1m0s its probe fails", time.Minute},
	{"crashes", behaviour{warmUp: -1, crash: 2 * sec, emitted: "it exited with code 3"}, "it exited with code 3", 2 * sec},
	{"crashes while it starts", behaviour{warmUp: -1, slow: 3 * sec, crash: 2 * sec, emitted: "it exited with code 3"}, "it exited with code 3", 5 * sec},
}

func checkNeverReady(t *testing.T, s *stage, err error, pod, detail string) {
	t.Helper()
	never, ok := errors.AsType[*timeline.NeverReadyError](err)
	if !ok || never.Pod != pod || !strings.Contains(err.Error(), detail) || hint.Of(err) == "" {
		t.Errorf("error %v with hint %q, want that %s never became ready: %s", err, hint.Of(err), pod, detail)
	}
	reported := 0
	for _, e := range s.emitted() {
		if e.Kind == timeline.NeverReady && e.Pod == pod && strings.Contains(e.Detail, detail) {
			reported++
		}
	}
	if reported != 1 {
		t.Errorf("%d never-ready events, want 1", reported)
	}
}

func TestStartFailsWhenAPodIsNeverReady(t *testing.T) {
	for _, tt := range broken {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newStage(t, Config{Workload: workload(1)}, func(int) behaviour { return tt.does })
				before := time.Now()
				checkNeverReady(t, s, s.Start(t.Context()), "app-1", tt.detail)
				if waited := time.Since(before); waited != tt.after {
					t.Errorf("it took %v, want %v", waited, tt.after)
				}
				at(t, s.emitted(), timeline.Exited, "app-1", "") // nothing is left running
			})
		})
	}
}

// TestActFailsWhenANewPodIsNeverReady: in bounded time, and the old pod keeps
// serving.
func TestActFailsWhenANewPodIsNeverReady(t *testing.T) {
	for _, tt := range broken {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newStage(t, Config{Workload: workload(1)}, func(number int) behaviour {
					if number > 1 {
						return tt.does
					}
					return steadyPods(number)
				})
				s.start()
				before := time.Now()
				checkNeverReady(t, s, s.Act(t.Context(), timeline.Rollout), "app-2", tt.detail)
				if waited := time.Since(before); waited != tt.after {
					t.Errorf("it took %v, want %v", waited, tt.after)
				}
				if got := s.pods(0); got != "app-1" {
					t.Errorf("new connections go to %s, want app-1", got)
				}
			})
		})
	}
}

// TestActFailsWhenAPodCeasesToBeReady: a pod that was ready counts as well.
func TestActFailsWhenAPodCeasesToBeReady(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := workload(1)
		w.MinReady = 10 * sec
		s := newStage(t, Config{Workload: w}, func(number int) behaviour {
			b := steadyPods(number)
			if number > 1 {
				b.unready, b.emitted = 5*sec, "its probe fails"
			}
			return b
		})
		s.start()
		checkNeverReady(t, s, s.Act(t.Context(), timeline.Rollout), "app-2", "after 1m10s its probe fails")
	})
}

// TestAFlappingPodDoesNotHoldUpForever: neither one that is never ready for
// minReadySeconds, nor one that keeps changing the endpoints.
func TestAFlappingPodDoesNotHoldUpForever(t *testing.T) {
	flapping := func(number int) behaviour {
		b := steadyPods(number)
		if number > 1 {
			b.flap = 400 * ms
		}
		return b
	}
	t.Run("never available", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			w := workload(1)
			w.MinReady = sec
			s := newStage(t, Config{Workload: w}, flapping)
			s.start()
			checkNeverReady(t, s, s.Act(t.Context(), timeline.Rollout), "app-2", "after 1m1s")
		})
	})
	t.Run("always changing", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			s := newStage(t, Config{Workload: workload(1), Propagation: profile(t, "1s-5s")}, flapping)
			s.start()
			s.act(timeline.Rollout)
		})
	})
}

// TestAnotherActionCuresABrokenRollout: the broken pod is deleted first, and
// its exit is no new failure.
func TestAnotherActionCuresABrokenRollout(t *testing.T) {
	for action, want := range map[timeline.Action]string{
		timeline.Rollout: "-3 +4 r4 -2 +5 r5 -1 x3 x2 x1",
		timeline.Delete:  "-1 -2 -3 +4 +5 r4 r5 x3 x1 x2",
	} {
		t.Run(string(action), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newStage(t, Config{Workload: workload(2)}, func(number int) behaviour {
					b := steadyPods(number)
					if number == 3 {
						b.warmUp = -1
					}
					return b
				})
				s.start()
				if err := s.Act(t.Context(), timeline.Rollout); err == nil {
					t.Fatal("the first rollout succeeded")
				}
				if got := summary(s.act(action)); got != want {
					t.Errorf("then:\n got %s\nwant %s", got, want)
				}
			})
		})
	}
}

// TestAPodThatIsNotRestarted has no endpoint, whatever the Service publishes,
// and is not replaced endlessly.
func TestAPodThatIsNotRestarted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := workload(1)
		w.Service = &manifest.Service{PublishNotReadyAddresses: true}
		s := newStage(t, Config{Workload: w}, func(number int) behaviour {
			b := steadyPods(number)
			b.quit = 10 * sec
			return b
		})
		s.start()
		time.Sleep(time.Hour)
		if pod, err := s.dial(0); !errors.Is(err, errNoEndpoint) {
			t.Errorf("dial: pod %q, %v", pod, err)
		}
		if pods := timeline.Pods(s.emitted()); len(pods) != 1 {
			t.Errorf("%d pods, want 1", len(pods))
		}
	})
}

func TestAPodThatCannotBeStarted(t *testing.T) {
	noSuch := hint.New(errors.New("no such command"), "check its name")
	t.Run("at Start", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			s := newStage(t, Config{Workload: workload(3)}, func(int) behaviour { return behaviour{startErr: noSuch} })
			if err := s.Start(t.Context()); !errors.Is(err, noSuch) || hint.Of(err) != "check its name" {
				t.Errorf("got %v, want %v", err, noSuch)
			}
		})
	})
	t.Run("in an action", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			s := newStage(t, Config{Workload: workload(1)}, func(number int) behaviour {
				if number == 2 {
					return behaviour{startErr: noSuch}
				}
				return steadyPods(number)
			})
			s.start()
			if err := s.Act(t.Context(), timeline.Rollout); !errors.Is(err, noSuch) {
				t.Errorf("got %v, want %v", err, noSuch)
			}
			if got := summary(s.act(timeline.Delete)); got != "-1 -2 +3 r3 x1" {
				t.Errorf("the action after it: %s", got)
			}
		})
	})
}

func TestCancelledStartLeavesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t, Config{Workload: workload(2)}, func(int) behaviour { return behaviour{warmUp: -1} })
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := s.Start(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v, want a deadline", err)
		}
		for _, p := range timeline.Pods(s.emitted()) {
			if p.Exited == timeline.Never {
				t.Errorf("%s was left behind", p.Name)
			}
		}
	})
}

func TestNoReplicas(t *testing.T) {
	if _, err := newLab(Config{Workload: workload(0)}, nil); !strings.Contains(hint.Of(err), "--replicas") {
		t.Errorf("got %v with hint %q", err, hint.Of(err))
	}
}

// TestWaitsUntilPodsListen: a pod may be ready before it listens on the port of
// the load, and one that listens elsewhere never will.
func TestWaitsUntilPodsListen(t *testing.T) {
	for name, test := range map[string]struct {
		forGood bool
		after   time.Duration
		want    string
	}{
		"later":    {false, 10 * sec, ""},
		"never":    {false, 100 * sec, "app-1 is ready, but it listens elsewhere"},
		"for good": {true, 100 * sec, "app-1 is ready, but it listens elsewhere"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var last strings.Builder
				cfg := Config{Workload: workload(1), LastLines: &last}
				s := newStage(t, cfg, func(int) behaviour {
					return behaviour{warmUp: sec, elsewhere: test.after, forGood: test.forGood, output: []string{"one", "two", "two"}}
				})
				err := s.Start(t.Context())
				if (err == nil) != (test.want == "") || err != nil && (err.Error() != test.want || hint.Of(err) == "") {
					t.Errorf("%v, want %s", err, test.want)
				}
				if took := s.clock.Now(); test.forGood && took > 5*sec || !test.forGood && took < 10*sec {
					t.Errorf("after %v", took)
				}
				if test.want != "" && last.String() != "app-1 | one\napp-1 | two\napp-1 | two\n" {
					t.Errorf("the last lines are %q", last.String())
				}
			})
		})
	}
}

// TestAPodThatExitsBeforeItListens: without a readiness probe it was ready as soon as it
// ran, and is restarted, and ready, again and again. Start does not wait for that.
func TestAPodThatExitsBeforeItListens(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t, Config{Workload: workload(1)}, func(int) behaviour {
			return behaviour{warmUp: ms, quit: 30 * ms, emitted: "it exited with code 1"}
		})
		err := s.Start(t.Context())
		if never, ok := errors.AsType[*timeline.NeverReadyError](err); !ok || never.Detail != "it exited with code 1" || s.clock.Now() > sec {
			t.Errorf("%v after %v", err, s.clock.Now())
		}
	})
}

// TestPodThatCannotBecomeReady is reported when that is known, and its reason is
// shown until then.
func TestPodThatCannotBecomeReady(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t, Config{Workload: workload(1)}, func(int) behaviour {
			return behaviour{warmUp: -1, elsewhere: 100 * sec, forGood: true}
		})
		err := s.Start(t.Context())
		if never, ok := errors.AsType[*timeline.NeverReadyError](err); !ok || never.Detail != "it listens elsewhere" || s.clock.Now() > 5*sec {
			t.Errorf("%v after %v", err, s.clock.Now())
		}
	})
}

func TestWaiting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t, Config{Workload: workload(1)}, func(int) behaviour { return behaviour{warmUp: 20 * sec, emitted: "its probe fails"} })
		started := make(chan error)
		go func() { started <- s.Start(t.Context()) }()
		for _, look := range []struct {
			after time.Duration
			want  string
		}{{sec, ""}, {5 * sec, "app-1: its probe fails"}} {
			time.Sleep(look.after)
			synctest.Wait()
			if got := s.Waiting(); got != look.want {
				t.Errorf("Waiting() = %q, want %q", got, look.want)
			}
		}
		if err := <-started; err != nil || s.Waiting() != "" {
			t.Errorf("%v, and still %q", err, s.Waiting())
		}
	})
}

// TestWaitingEndsWhenThePodIsReady, and not with the rollout, which goes on for
// as long as the old pod drains.
func TestWaitingEndsWhenThePodIsReady(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t, Config{Workload: workload(1)}, func(number int) behaviour {
			return behaviour{warmUp: time.Duration(number) * 5 * sec, drain: 30 * sec, emitted: "it starts"}
		})
		if err := s.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		done := make(chan error)
		go func() { done <- s.Act(t.Context(), timeline.Rollout) }()
		for _, want := range []string{"app-2: it starts", ""} {
			time.Sleep(8 * sec)
			synctest.Wait()
			if got := s.Waiting(); got != want {
				t.Errorf("Waiting() = %q, want %q", got, want)
			}
		}
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}
