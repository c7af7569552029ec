// Package attribute concludes from a run what its clients could not know: which
// pod an attempt was sent to, and how long a node routed to a pod that was
// removed. It is the only place that knows how late the events of a cluster may
// be. What it concludes is not saved with a run, so a better attribution runs on
// old files.
package attribute

import "github.com/lameduck-dev/lameduck/cmd/lameduck/internal/timeline"

// Run reads the recorded attempts of a run once, for what one of them shows of others. It
// returns all attempts, in the order in which they began, with what is concluded of each:
// whenever they are asked for they are read again. What was recorded stays as it was. Of each
// connection of a cluster, and of each dial that failed, Run keeps about 100 bytes.
//
// It infers which pod each attempt of a cluster's run went to
// where the client could not know: behind the IP of a Service, kube-proxy chooses.
// It also marks the attempts whose failure a lateness of the tool may have caused.
// The rules for the pod, the first that applies:
//
//   - A connection goes to one pod. If the pod of one attempt was observed,
//     all attempts were sent there.
//   - A pod is possible if it was routable when the connection was opened
//     (in the endpoints, running, and not removed by every proxy) and
//     ran until the last response. If only one pod is possible, it is that.
//   - A connection that the server ended belongs to the possible pod whose
//     exit is nearest, within the accuracy of the run; else to the possible
//     pod that was terminating then, which closes its idle connections.
//   - An announced end ("Connection: close") or a 5xx belongs to the possible
//     pod that is terminating, if none was ever seen while no pod
//     was: otherwise the server always sends them.
//   - A dial that was not accepted belongs to the pod that had stopped last, else
//     to the one that has been terminating for longest, but not to one that is
//     known to have accepted a connection later. If there is none, to the pod
//     that became ready last, which may not listen yet, and so do the dials that
//     follow closely. If no usable endpoint was known to the proxies,
//     it has no pod: the Service had no endpoint. A SYN that no running pod
//     answered may have followed an earlier SYN, to a pod that had exited.
//
// All other attempts have no pod. A success that two pods could have given has none,
// so that no false late arrival is counted.
func Run(run *timeline.Run, recorded timeline.Attempts) (timeline.Attempts, error) {
	var order starts
	late, pods := newLateness(run), newInference(run)
	err := recorded(func(a *timeline.Attempt) {
		order.add(a)
		late.learn(a)
		pods.add(a)
	})
	if err != nil {
		return nil, err
	}
	return late.marked(order.sorted(pods.named(recorded))), nil
}
