package diagnose

import (
	"time"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/attribute"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/finding"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/timeline"
)

// podFacts is what is known of one pod: its events, what its clients saw, and
// what follows from both. The rules read it and change nothing.
type podFacts struct {
	timeline.Pod
	index     int
	outages   []outage
	failed    bool                     // it never became ready
	gaveUp    time.Duration            // when that was decided
	voidCuts  int                      // attempts that it cut after T0, perhaps because the tool was late
	starved   time.Duration            // how long its threads waited for a processor when it got the stop signal
	starting  []wait                   // the same, in its first seconds as an endpoint
	unreadies []unready                // in order
	endpoint  time.Duration            // when the EndpointSlices first had it, or never
	added     map[string]time.Duration // when each node last had it as a ready endpoint, as far as nodes were seen
	clientView
	acceptQueue

	t0      window        // termination began
	handled window        // the process has handled the start of its termination
	asked   time.Duration // when it first asked a connection to close because of that, or never
	exit    window
	closed  window // new connections were refused from here on
	// closedSure: this pod refused them, not perhaps another.
	closedSure   bool
	closedEither bool // or that was a pod which does not listen yet
	closedOpen   bool // it no longer accepted them, though its listener was open
	// cutAll: it cut the requests in progress, before it exited, and responded to none after that.
	cutAll        window
	perhapsCutAll time.Duration // when it had done the same with those that it perhaps had, or never
	exitInexact   bool          // the exit is reported late, and so is the start of termination
	ranUntil      time.Duration // it exited then at the earliest, by that report
	accuracy      *attribute.Accuracy

	own           behaviour     // of this pod
	likely        behaviour     // of any replica, where the moments of this pod are inexact
	reloads       bool          // it was killed because the stop signal means to reload to its server
	stopSignal    string        // of the run's Spec
	hook          string        // the preStop hook, as text
	hookEnded     time.Duration // when it ended, or never
	hookUsedGrace bool          // the preStop hook took the whole grace period
	hookStops     answer        // the preStop hook ended the server
	fault         string        // the ID of the rule that holds for the pod as a whole, or ""
	doubt         doubt         // why the fault, or its absence, is not certain
}

// outage is a time without a process that no termination explains.
type outage struct {
	from   window
	to     time.Duration // it was ready again, or never
	code   int
	signal string
}

// dropFacts is a failed attempt and what is known around it.
type dropFacts struct {
	timeline.Attempt
	run          *runFacts
	pod          *podFacts     // the pod of the attempt; if unrouted: the pod that stopped last, or nil
	unrouted     bool          // the Service had no endpoint
	previous     time.Duration // when the previous response on the connection was complete, after T0; or never
	class        string        // the fault behind it, if its pod has none as a whole; or ""
	doubt        doubt         // why the fault is not certain
	refusedSince time.Duration // of a connection that was not made: since when none was served; or never
}

// runFacts is what is known of a run: of its pods, its drops, and this machine.
type runFacts struct {
	*observer
	run    *timeline.Run // without its attempts
	pods   []*podFacts   // in order of their start
	byName map[string]*podFacts
	drops  []*dropFacts // in order of their end
	load   load
	known  *knownServer // of server

	mayTerminate   *periods               // when each pod may have been terminating; nil in the lab
	endpoints      *periods               // when each pod may have served, by the events of a cluster; nil in the lab
	unseenEndpoint bool                   // a response came when none may have
	refusedSince   time.Duration          // new connections have been refused since, and none served; or never
	control        timeline.Control       // of the attempts at the control target
	voids          int                    // attempts whose failure is no evidence
	voidTimeouts   []*dropFacts           // those of them that timed out
	seconds        map[time.Duration]bool // in which an attempt was due
	reusesConns    map[string]bool        // the patterns that used a connection more than once
	idleTimeout    time.Duration          // for how long the server keeps an idle connection at least
	firstStart     time.Duration          // of the attempts, or never
	lastStart      time.Duration          // when the last attempt began: later events met no traffic
	anyServed      bool                   // some pod answered some attempt
	unnamedAnswers bool                   // the pod of some responses is not known
	steady         errorShare             // of all pods that had served, and did not terminate

	backlog      backlog
	notAccepting notAccepting
	overload     string        // the finding that explains time-outs all over the run, or ""
	firstFailed  *podFacts     // the first of the pods that never became ready, or nil
	readyPeriods *periods      // when each pod was ready
	stops        []podStop     // in order
	hung         []*dropFacts  // those that timed out
	longestHang  time.Duration // of those
	recommended  finding.Recommendation
}

// behaviour is what a pod does when it is terminated.
//
// On a cluster the pod that refused a connection, or cut it, is not always
// known. But the replicas run the same program, and it terminates in the same
// way each time: what one replica was seen to do holds for all replicas in
// doubt.
type behaviour struct {
	stopsAtOnce     bool          // as soon as its termination began, the pod stopped accepting connections
	certainly       answer        // the same
	runsAfterClose  answer        // only if stopsAtOnce
	exitsUncleanly  answer        // only if stopsAtOnce
	asksToClose     bool          // because of its termination it asked a connection to close
	likelyUnclean   bool          // it cut what it had likely begun with
	notAskedToClose int           // keep-alive connections used until the exit and never asked to close
	inProgress      int           // attempts that the server cut, from T0 on, and was surely handling or reading
	perhaps         int           // those that it may have been handling or reading
	longest         time.Duration // of those in progress
	hidden          time.Duration // by how much this machine was late meanwhile, if that alone keeps it from being known of one, or 0
}

// clientView is what the clients saw of one pod: a fold over its attempts. What
// it keeps grows with the drops, and with the connections that were used after
// T0, not with the attempts. A moment is never if it did not come.
type clientView struct {
	firstAnswer  time.Duration // when the first answer was complete
	lastAnswer   time.Duration
	firstSent    time.Duration // when the first request had been sent that it served: it listened by then
	lastServed   time.Duration // when the last attempt began that was served
	lastAccepted time.Duration // when the last new connection that was served began
	longestFirst time.Duration // the longest that an answer on a new connection took, since its request was sent
	lastSurely   time.Duration // the same of connections that were surely to this pod
	lastProgress time.Duration // before the exit: when an attempt that was surely to this pod last ended, and was not refused
	steady       errorShare    // of its responses between its first one and its T0
	ending       errorShare    // of those from T0 on
	late         timeline.Late
	asksAlways   bool             // before its termination, too, it asked connections to close
	kept         map[uint64]*kept // connections that were answered after T0
	idleCloses   int              // connections that ended unannounced between two requests, before T0
	idleFor      time.Duration    // the shortest time for which one of those had been idle, or never
	idleEnds     []time.Duration  // when clients noticed that idle connections had ended, about the exit
	drops        []*dropFacts
}

// kept is one connection to a pod that was used after its T0.
type kept struct {
	pattern  string
	answers  int           // to requests that began after T0
	answered time.Duration // when the last response was complete, or never
	// Of the last attempt:
	started time.Duration
	dropped bool
	end     timeline.End  // how the connection ended after it
	ended   time.Duration // when the client noticed that
}

// backlog is how the server kept up before the first termination: a server with
// too few workers lets each request wait longer than the one before, long before
// one times out.
type backlog struct {
	until         time.Duration            // the first termination
	shortest      map[string]time.Duration // the shortest time that an answer took, by pattern
	longestNew    map[string]time.Duration // the longest that one on a new connection took, before the first termination
	due           int                      // attempts that should have been answered by then
	long          []longWait               // those of them that took more than twice the time
	delayed       map[time.Duration]wait   // of each second, how long an answer took longer than the shortest, if that was much
	grows         bool
	longest       time.Duration // of those, without the lateness of this machine
	sent, answers int           // before the first termination
	lastAnswer    time.Duration // of those; what is in progress after it is no lack of capacity
}

// longWait is an attempt that waited longer than its answer takes at a server that
// keeps up.
type longWait struct {
	wait
	most time.Duration
}

// load is what the attempts show of the traffic as a whole.
type load struct {
	attempts     int
	successes    int // responses with a status below 300, and answers of a protocol without
	statuses     map[int]int
	patterns     map[string]bool
	clear, tls   bool          // something was served in clear text, over TLS
	terminating  *periods      // when each pod was terminating; nil in the lab
	opens        bool          // a new connection to a pod was made
	unattributed int           // new connections that may have been routed to a terminating pod, but not surely
	longest      time.Duration // the longest request that was answered, or cut
}

// notAccepting are the times in which pods may not have accepted connections.
type notAccepting struct {
	leaving *periods // from their T0 on, or from when they last surely accepted one
	young   *periods // since they are ready, until they surely accepted one
}

// podStop is a moment at which a pod stopped accepting connections. Of all
// stops in order, pod is the one that stopped last by then.
type podStop struct {
	at  time.Duration
	pod *podFacts
}

// endedAfterT0 reports whether the attempt ended after the termination of its pod
// began. It may have begun before, and is a late arrival only if it did not.
func (d *dropFacts) endedAfterT0() bool {
	return !d.unrouted && d.pod != nil && d.pod.t0.came() && exactly(d.Ended).before(d.pod.t0) != yes
}

// unready is a time in which a running pod had no endpoint because its readiness
// probe failed, though nothing terminated it.
type unready struct {
	pod      string
	from, to time.Duration // to: until the last node had the endpoint again, or forever
	ready    bool          // the probe passes again
	why      string
}
