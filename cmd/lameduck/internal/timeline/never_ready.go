package timeline

// NeverReadyError is the error of an action that ended because a pod did not become
// ready in time, and what was seen of that pod. A trial goes on to its end with it: the
// run has the event NeverReady.
type NeverReadyError struct{ Pod, Detail string }

func (e *NeverReadyError) Error() string { return e.Pod + " never became ready: " + e.Detail }
