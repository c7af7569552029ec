package timeline

import (
	"slices"
	"time"
)

// Pod is the lifecycle of one pod: a fold over its events. A moment is Never if
// it did not come.
type Pod struct {
	Name      string
	Started   time.Duration
	Ready     time.Duration // the first time
	Deleted   time.Duration
	PreStop   time.Duration // when the hook began
	Signalled time.Duration
	Killed    time.Duration
	Exited    time.Duration // the last time
	RanUntil  time.Duration // After of that event; 0 if it has none
	Evicted   time.Duration
	Forced    time.Duration
	Caught    bool   // it had a handler for the stop signal, and kept it
	Unknown   bool   // the handler could not be seen: Caught has no meaning
	Wrapper   string // what process 1 is, if it is not the server but runs it
	Server    Server
	Code      int
	Signal    string
	Detail    string // of NeverReady, or of a hook that failed
	Reason    string // of an eviction
	Restarts  int
}

// T0 is the moment termination begins for the process: the preStop hook, or the
// stop signal if there was no hook. Where neither was seen (the events of a
// cluster may get lost) it is the eviction, the deletion by force, or the
// deletion of a pod that exited after it. Never if there was none of these.
func (p *Pod) T0() time.Duration {
	switch {
	case p.PreStop != Never:
		return p.PreStop
	case p.Signalled != Never:
		return p.Signalled
	case p.Evicted != Never:
		return p.Evicted
	case p.Forced != Never:
		return p.Forced
	case p.Deleted != Never && p.Exited >= p.Deleted:
		return p.Deleted
	}
	return Never
}

// UnseenPod is a pod without any event.
func UnseenPod(name string) Pod {
	return Pod{Name: name, Started: Never, Ready: Never, Deleted: Never, PreStop: Never, Signalled: Never, Killed: Never, Exited: Never, Evicted: Never, Forced: Never}
}

// Pods folds the events into one Pod each, in order of their start.
func Pods(events []Event) []Pod {
	var pods []Pod
	index := map[string]int{}
	for _, e := range events {
		if !e.Kind.ofPod() {
			continue
		}
		i, seen := index[e.Pod]
		if !seen {
			i = len(pods)
			index[e.Pod] = i
			pods = append(pods, UnseenPod(e.Pod))
		}
		pods[i].add(e)
	}
	slices.SortStableFunc(pods, func(a, b Pod) int { return int(a.Started - b.Started) })
	return pods
}

func (p *Pod) add(e Event) {
	switch e.Kind {
	case Started:
		first(&p.Started, e.At)
	case Listening:
		p.Server = e.Server
	case Ready:
		first(&p.Ready, e.At)
	case Deleted:
		first(&p.Deleted, e.At)
	case PreStopStarted:
		first(&p.PreStop, e.At)
	case PreStopEnded, NeverReady:
		if e.Detail != "" {
			p.Detail = e.Detail
		}
	case Signalled:
		first(&p.Signalled, e.At)
		p.Caught, p.Unknown, p.Wrapper = e.Caught, e.HandlerUnknown, e.Wrapper
	case Killed:
		first(&p.Killed, e.At)
		p.Caught = p.Caught && !e.Uncaught
	case Exited:
		p.Exited, p.RanUntil, p.Code, p.Signal = e.At, e.After, e.Code, e.Signal
	case Evicted:
		first(&p.Evicted, e.At)
		p.Reason = e.Detail
	case Forced:
		first(&p.Forced, e.At)
	case Restarted:
		// The container was restarted, not the pod: its termination has not begun.
		p.Restarts++
		p.PreStop, p.Signalled, p.Killed, p.Exited = Never, Never, Never, Never
	}
}

func first(at *time.Duration, now time.Duration) {
	if *at == Never {
		*at = now
	}
}
