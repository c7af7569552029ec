package diagnose

import (
	"fmt"
	"runtime"
	"testing"
	"time"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/attribute"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/timeline"
)

// BenchmarkFindings shows how the cost grows with the pods and with the
// attempts of each. The figure to read is ns/attempt: it must not grow with
// either, whatever the pods do.
func BenchmarkFindings(b *testing.B) {
	for _, f := range fleets {
		for _, size := range []struct{ pods, attempts int }{{10, 50}, {100, 50}, {1000, 50}, {10, 500}, {10, 5000}} {
			b.Run(fmt.Sprintf("%s/%d pods/%d attempts each", f.name, size.pods, size.attempts), func(b *testing.B) {
				run := f.simulate(size.pods, size.attempts)
				for b.Loop() {
					diagnosed(run)
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(run.Attempts)), "ns/attempt")
			})
		}
	}
}

// BenchmarkAttribute is the same of what comes before the findings on a
// cluster: to find the pod of each attempt. Connections that are named need
// little. For each of the others, and for each dial that failed, all pods are
// looked at, so that its cost does grow with the pods.
func BenchmarkAttribute(b *testing.B) {
	for _, f := range fleets {
		for _, named := range []bool{true, false} {
			for _, pods := range []int{10, 100, 1000} {
				b.Run(fmt.Sprintf("%s/named %v/%d pods", f.name, named, pods), func(b *testing.B) {
					run := f.simulate(pods, 50)
					removePodNames(run, named)
					for b.Loop() {
						if _, err := attribute.Run(run, run.InMemory); err != nil {
							b.Fatal(err)
						}
					}
					b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(run.Attempts)), "ns/attempt")
				})
			}
		}
	}
}

// BenchmarkStream diagnoses 10 million attempts on 1,000 pods as they come out of
// a file, one by one. The figures to read are ns/attempt, and how much memory is in use at
// most. It grows with the drops and with the connections that were used while their pod
// terminated, here 3 million: in half of the cases one late attempt in a hundred is
// dropped, in the others most are.
func BenchmarkStream(b *testing.B) {
	const pods, attempts = 1000, 10_000
	for _, f := range fleets {
		for _, few := range []bool{true, false} {
			b.Run(fmt.Sprintf("%s/few drops %v", f.name, few), func(b *testing.B) {
				f.few = few
				run := &timeline.Run{Stage: "cluster", Action: "rollout", Accuracy: 300 * ms}
				for i := range pods {
					run.Events = append(run.Events, f.events(podName(i), time.Duration(i)*fleetStep)...)
				}
				var most uint64
				for b.Loop() {
					if _, err := Run(run, f.stream(pods, attempts, &most)); err != nil {
						b.Fatal(err)
					}
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*pods*attempts), "ns/attempt")
				b.ReportMetric(float64(most)/1e6, "MB-in-use")
			})
		}
	}
}

// stream yields the attempts of simulate in the order in which they began, in
// slots of fleetStep, each in the same variable. It notes the most memory that
// was in use meanwhile.
func (f *fleet) stream(pods, attempts int, most *uint64) timeline.Attempts {
	names := make([]string, pods)
	for i := range names {
		names[i] = podName(i)
	}
	return func(next func(*timeline.Attempt)) error {
		var a timeline.Attempt
		slots := int((fleetServes + fleetLast) / fleetStep) // of each pod
		perSlot, n := attempts/slots, 0
		for slot := range pods + slots {
			for j := range perSlot {
				for i := max(0, slot-slots+1); i <= min(slot, pods-1); i++ {
					a = f.attempt(names[i], i, (slot-i)*perSlot+j, attempts)
					next(&a)
					if n++; n%1_000_000 == 0 {
						*most = max(*most, inUse())
					}
				}
			}
		}
		return nil
	}
}

func inUse() uint64 {
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return stats.HeapAlloc
}

// A fleet is a rollout of many pods on a cluster, one after the other, all of
// which terminate in the same way.
type fleet struct {
	name    string
	serves  time.Duration // how long it keeps serving after the signal
	killed  bool
	unknown bool           // its signal handler could not be seen
	reused  bool           // what it cuts was sent on a keep-alive connection
	cause   timeline.Cause // of what fails after the signal
	few     bool           // only one late attempt in a hundred fails
}

var fleets = []fleet{
	{name: "exits at once", cause: timeline.EOF},
	{name: "cuts keep-alive connections", serves: 4 * s, reused: true, cause: timeline.Reset},
	{name: "ignores the signal", serves: 4 * s, killed: true, unknown: true, cause: timeline.Reset},
	{name: "refuses", serves: 2 * s, cause: timeline.Refused},
	{name: "answers with errors", serves: 4 * s, reused: true, cause: timeline.Status5xx},
	{name: "hangs", serves: 4 * s, cause: timeline.Timeout},
}

const (
	fleetServes = 10 * s          // from the start of a pod to its signal
	fleetStep   = 200 * ms        // between the signals of two pods
	fleetLast   = fleetServes / 2 // for how long new connections arrive after the signal
)

// simulate makes a run of so many pods, each of which gets so many attempts. One
// attempt in ten of a terminating pod finds the Service without an endpoint,
// one is not started, and one goes to the control target.
func (f *fleet) simulate(pods, attempts int) *timeline.Run {
	run := &timeline.Run{Stage: "cluster", Action: "rollout", Accuracy: 300 * ms}
	for i := range pods {
		run.Events = append(run.Events, f.events(podName(i), time.Duration(i)*fleetStep)...)
		for j := range attempts {
			run.Attempts = append(run.Attempts, f.attempt(podName(i), i, j, attempts))
		}
	}
	return run
}

func podName(i int) string { return fmt.Sprintf("app-%d", i) }

// attempt is number j of so many on pod i.
func (f *fleet) attempt(pod string, i, j, attempts int) timeline.Attempt {
	begin := time.Duration(i) * fleetStep
	at := begin + s + time.Duration(j)*(fleetServes+fleetLast-s)/time.Duration(attempts)
	a := timeline.Attempt{Pattern: "keepalive", Scheduled: at, Started: at, Sent: at, Ended: at + ms, Conn: uint64(i*attempts + j%(attempts/3+1) + 1),
		Reused: j > attempts/3, Pod: pod, Status: 200, Bytes: 100}
	f.fail(&a, begin+fleetServes, j)
	withClass(&a)
	return a
}

func (f *fleet) events(pod string, begin time.Duration) []timeline.Event {
	signal := begin + fleetServes
	reported := event(signal, timeline.Signalled, pod)
	reported.Caught, reported.HandlerUnknown = !f.unknown, f.unknown
	events := []timeline.Event{event(begin, timeline.Started, pod), event(begin+ms, timeline.Ready, pod), event(begin+ms, timeline.EndpointAdded, pod),
		event(signal, timeline.Deleted, pod), event(signal, timeline.EndpointTerminating, pod), reported}
	if f.killed {
		events = append(events, event(signal+f.serves, timeline.Killed, pod))
	}
	exited := event(signal+f.serves+5*ms, timeline.Exited, pod)
	exited.Code = 2
	return append(events, exited, event(exited.At, timeline.EndpointRemoved, pod))
}

// fail decides what becomes of the attempt with that number.
func (f *fleet) fail(a *timeline.Attempt, signal time.Duration, number int) {
	if number%10 == 0 {
		a.Control = true
		return
	}
	if a.Started < signal || f.few && number/10%100 > 0 {
		return
	}
	switch number % 10 {
	case 1:
		refused(a)
		a.Pod = ""
	case 2:
		notStarted(a)
		a.Pod = ""
	case 3, 4:
		refused(a)
		a.PodBy = timeline.Probable
	case 5, 6, 7:
		failing(f.cause)(a)
		a.Reused, a.Ended = f.reused, a.Started+300*ms
	}
}
