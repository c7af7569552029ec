package load

import (
	"fmt"
	"maps"
	"sync"
	"time"
)

// A Tally counts the attempts of the clients of one load. An attempt is one
// thing that a client wanted: the answer to a request or a message, the next
// event of a stream. The zero Tally is ready to use, by many goroutines.
type Tally struct {
	mu sync.Mutex
	r  Result
}

// Result is the counts of a load.
type Result struct {
	Attempts int `json:"attempts"`
	Lost     int `json:"lost"`
	// Reasons has how many were lost for each reason: refused, unreachable,
	// dial-timeout, reset, eof (closed without a byte of the answer),
	// truncated, timeout, status-503 and the like, goaway, stream-reset,
	// abnormal-close (WebSocket), unavailable (gRPC), watch-unwarned, ...
	Reasons map[string]int `json:"reasons"`
	// Asked has how often servers asked clients to leave, by the way in which
	// they asked. Nothing is lost by that.
	Asked map[string]int `json:"asked"`
	// Details are the first losses, with the moment and the whole error.
	Details []string `json:"details,omitempty"`
}

// maxDetails is how many losses are kept in full.
const maxDetails = 10

// Got counts an attempt that was answered.
func (t *Tally) Got() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.r.Attempts++
}

// Lose counts an attempt that was lost, by the reason and the text of err.
func (t *Tally) Lose(err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.r.Attempts++
	t.r.Lost++
	count(&t.r.Reasons, reason(err))
	if len(t.r.Details) < maxDetails {
		t.r.Details = append(t.r.Details, fmt.Sprintf("%s %v", time.Now().Format(time.StampMicro), err))
	}
}

// End counts an attempt: answered if err is nil, else lost.
func (t *Tally) End(err error) {
	if err != nil {
		t.Lose(err)
		return
	}
	t.Got()
}

// AskedToLeave counts that a server asked a client to leave.
func (t *Tally) AskedToLeave(how string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	count(&t.r.Asked, how)
}

// Result returns the counts up to now.
func (t *Tally) Result() Result {
	t.mu.Lock()
	defer t.mu.Unlock()
	r := t.r
	r.Reasons = copied(r.Reasons)
	r.Asked = copied(r.Asked)
	r.Details = append([]string(nil), r.Details...)
	return r
}

func count(m *map[string]int, key string) {
	if *m == nil {
		*m = map[string]int{}
	}
	(*m)[key]++
}

// copied returns a copy that is not nil: in JSON it is {}, never null.
func copied(m map[string]int) map[string]int {
	c := make(map[string]int, len(m))
	maps.Copy(c, m)
	return c
}
