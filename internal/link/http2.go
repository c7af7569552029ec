package link

import (
	"crypto/tls"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/lameduck-dev/lameduck/internal/program"
	"github.com/lameduck-dev/lameduck/internal/short"
	"github.com/lameduck-dev/lameduck/internal/term"
	"github.com/lameduck-dev/lameduck/internal/wire"
)

// An h2 is the HTTP/2 side of a connection: what is open on it, and the GOAWAY
// frames that ask its client to leave. net/http sends one GOAWAY that names the last
// stream it has seen, so a stream that is on the wire is lost; grpc-go sends two, but
// only after it has closed its listeners. We write our own between the frames of both.
//
// It is one struct although it has many fields: one allocation for each connection.
type h2 struct {
	conn  *base
	of    owner  // the connection that conn is the base of
	over  *layer // the encryption by a gRPC server's credentials; nil if there is none
	wire  wire.Conn
	tls   *tls.ConnectionState // for Request.TLS, which net/http does not know; nil in clear text
	ahead readAhead            // of the goroutine that reads

	leaving      atomic.Pointer[leaving] // nil until the moment to leave has come
	reading      atomic.Bool             // the first bytes of a request have come, and not all of its head
	goAwayWanted atomic.Int32            // the last GOAWAY that is to be sent; 0: none
	goAwaySent   int32                   // the last GOAWAY that was sent; guarded by writing
	counts       bool                    // late streams are counted here, because no handler of ours counts them (gRPC); not changed
	released     bool                    // the connection is closed, and not waited for any more; guarded by mu
	writing      lock                    // held while something is written

	mu       sync.Mutex
	requests wire.List[*http.Request, *lateRequest] // those that net/http's handlers are at work on; the value is nil if it came before T0
}

func newH2(c *base, of owner) *h2 {
	return &h2{conn: c, of: of}
}

// ofNetHTTP returns h for a connection of net/http, which knows nothing of TLS because
// that is terminated here.
func (h *h2) ofNetHTTP() *h2 {
	if over, ok := h.conn.Conn.(*tls.Conn); ok {
		h.tls = new(over.ConnectionState())
	}
	return h
}

// An owner is the connection that h is the HTTP/2 side of.
type owner interface {
	polled
	received([]byte) // follows what has been read
	announce()       // reports to the finishing phase that it may be closed, or earlier than it was due
	reopen()         // puts it back into the set, because a handler begins after it was closed
	handled()        // is called when the last handler has ended
}

// The two GOAWAY frames of a graceful end, in their order.
const (
	firstGoAway = 1
	lastGoAway  = 2
)

// A lateRequest is what is known of a request after T0.
type lateRequest struct {
	since time.Time
	undo  func() // takes it out of the late arrivals; nil if it is none
}

// top is the connection on which frames are read and written.
func (h *h2) top() net.Conn {
	if h.over != nil {
		return h.over
	}
	return h.conn.Conn
}

// read is Read. The server asks for the nine bytes of a frame's head, and then for its
// payload. With the payload we read all that has come after it: one system call less for
// the next frame.
func (h *h2) read(b []byte) (int, error) {
	if n := h.ahead.take(b); n > 0 {
		return n, nil
	}
	into := b
	ahead := h.tls == nil && h.over == nil && h.wire.MidFrame() && len(b) < aheadSize // package tls reads ahead itself
	if ahead {
		into = h.ahead.room()
	}
	n, err := h.conn.readFrom(h.of, h.top(), into)
	if n > 0 {
		h.of.received(into[:n])
	}
	if !ahead {
		return n, err
	}
	h.ahead.filled(max(0, n))
	if n <= 0 {
		return n, err
	}
	return h.ahead.take(b), nil // without err: the next Read returns it again
}

// received follows what the client sends.
func (h *h2) received(b []byte) {
	d := h.conn.state.Current.Load()
	if d == nil {
		h.wire.Received(b, 0)
		return
	}
	h.conn.noteActivity() // before wire.Received: when a stream ends by that, the connection must not look as if it had long been idle
	begun := h.wire.Received(b, h.conn.now())
	h.reading.Store(h.wire.MidHeaders())
	if l := h.leaving.Load(); l != nil {
		h.receivedLeaving(l, begun)
	}
	if begun > 0 && h.counts {
		h.conn.CountLate(d)
		d.LateReqs.Add(int64(begun) - 1)
		d.LateReq()
	}
	if h.conn.state.Finishing.Load() && h.closable() {
		h.of.announce() // the client may have confirmed GOAWAY, or reset its last stream
	}
	if h.conn.interrupted.Load() {
		h.conn.clearInterrupt()
	}
}

// receivedLeaving is the part of received after the moment to leave. The goroutine that
// reads must not write a frame: if the client reads nothing before it has written all,
// both would wait for ever.
func (h *h2) receivedLeaving(l *leaving, begun int) {
	if begun > 0 {
		h.streamsBegan(l)
	} else if h.wire.NeedsPing() {
		go h.tryFlush()
	}
}

// wrote follows what the server has just written, and sends the GOAWAY that is wanted, if
// the server is between two frames. The caller holds writing; wrote unlocks it.
func (h *h2) wrote(b []byte) {
	h.conn.noteActivity() // before wire.Sent, as in received
	sent := h.wire.WatchMessages()
	silent := h.wire.Sent(b) || h.wire.WatchMessages() != sent
	h.flush()
	h.writing.unlock()
	if h.goAwayWanted.Load() != 0 {
		h.tryFlush()
	}
	if silent && h.conn.state.Current.Load() != nil {
		h.conn.noteActivity()
		h.of.announce()
	}
}

// A client that reads GOAWAY when it is about to begin a stream can lose that stream: Go's
// Transport then gives the connection up, has closed the request's body by that time, and
// fails with "cannot rewind body after connection loss". A client is about to begin a
// stream when it has just read an answer. So the number of streams that it typically has
// open is observed first. When it next begins a stream, all answers are held until that
// many streams are open, and GOAWAY is sent before the answers.
const (
	ObserveFor = 50 * time.Millisecond  // for how long the typical number is observed
	HeldAtMost = 50 * time.Millisecond  // for how long answers are held at most
	AskWithin  = 500 * time.Millisecond // GOAWAY is sent by then although no stream has begun
)

// A leaving is what is known of an h2 whose moment to leave has come.
type leaving struct {
	*h2
	sampled        atomic.Bool   // typicalStreams has been observed for ObserveFor
	typicalStreams atomic.Int32  // the most streams that were open at the same time
	begun          chan struct{} // has an element when a stream has begun
	askedAt        atomic.Int64  // when the first GOAWAY was to be sent, in nanoseconds after Origin; 0: not yet
}

// leave begins to observe the client's streams; GOAWAY is sent after that.
func (h *h2) leave() {
	if h.leaving.Load() != nil {
		return
	}
	l := &leaving{h2: h, begun: make(chan struct{}, 1)}
	l.typicalStreams.Store(int32(h.wire.Open()))
	if h.leaving.CompareAndSwap(nil, l) {
		h.conn.state.Agenda.Add(ObserveFor, l)
	}
}

// Due is called by the Agenda after ObserveFor. If the client had streams and has none
// now, GOAWAY waits for its next one, and Due is called again after AskWithin.
func (l *leaving) Due() {
	if !l.sampled.Swap(true) && l.wire.Open() == 0 && l.typicalStreams.Load() > 0 {
		l.conn.state.Agenda.Add(AskWithin-ObserveFor, l)
		return
	}
	if l.wire.Open() > 0 {
		go l.sendGoAway() // it may hold answers, for HeldAtMost
		return
	}
	l.sendGoAway() // it blocks only if the socket is full
}

// streamsBegan is called when a stream has begun.
func (h *h2) streamsBegan(l *leaving) {
	select {
	case l.begun <- struct{}{}:
	default:
	}
	switch open := int32(h.wire.Open()); {
	case h.goAwayWanted.Load() > 0:
	case l.sampled.Load():
		h.want(firstGoAway) // here and not in the goroutine: no answer to this stream may be sent before GOAWAY
		go h.tryFlush()
	case open > l.typicalStreams.Load():
		l.typicalStreams.Store(open)
	}
}

// holdAnswers waits until the typical number of streams is open. The caller holds
// writing.
func (h *h2) holdAnswers() {
	l := h.leaving.Load()
	if l == nil || int32(h.wire.Open()) >= l.typicalStreams.Load() {
		return
	}
	enough := time.NewTimer(HeldAtMost)
	defer enough.Stop()
	for int32(h.wire.Open()) < l.typicalStreams.Load() {
		select {
		case <-l.begun:
		case <-enough.C:
			return
		}
	}
}

// sendGoAway asks the client to leave, and by a PING to confirm that. The streams that the
// client has on the wire are still served.
func (h *h2) sendGoAway() {
	if h.want(firstGoAway) {
		h.tryFlush()
	}
}

// sendLastGoAway names the last stream that was served.
func (h *h2) sendLastGoAway() {
	if h.want(lastGoAway) {
		h.tryFlush()
	}
}

// want notes which GOAWAY is to be sent next. It returns false if that one, or a later
// one, was wanted before.
func (h *h2) want(which int32) bool {
	if l := h.leaving.Load(); l != nil && which == firstGoAway {
		l.askedAt.CompareAndSwap(0, max(1, h.conn.now())) // before the write, which may block on a full socket
	}
	for {
		wanted := h.goAwayWanted.Load()
		if wanted >= which {
			return false
		}
		if h.goAwayWanted.CompareAndSwap(wanted, which) {
			return true
		}
	}
}

// dueAt is when the connection may be closed, if nothing has come on it since quiet: at
// once if the client has confirmed GOAWAY, else when it has had the time to confirm, and
// not before GOAWAY was sent.
func (h *h2) dueAt(d *term.Termination, quiet time.Time) time.Time {
	if h.wire.Acked() && h.wire.WatchersNotified() { // grpc-go writes to the watchers some time after Shutdown of the health server
		return d.T0
	}
	l := h.leaving.Load()
	if l == nil || l.askedAt.Load() == 0 {
		return time.Now().Add(AskWithin)
	}
	if asked := h.conn.time(l.askedAt.Load()); asked.After(quiet) {
		quiet = asked
	}
	return quiet.Add(max(d.Linger(), ConfirmWithin))
}

// ConfirmWithin is how long a client may take at least to confirm GOAWAY.
const ConfirmWithin = time.Second

// tryFlush sends what is wanted, unless another goroutine is writing: that one calls it
// when it has written.
func (h *h2) tryFlush() {
	for h.writing.tryLock() {
		again := h.flush()
		h.writing.unlock()
		if !again {
			return
		}
	}
}

// flush sends the next GOAWAY or PING that is wanted, if the server is between two frames.
// It returns true if there may be one more to send. The caller holds writing.
func (h *h2) flush() bool {
	if !h.wire.AtBoundary() {
		return false
	}
	if h.goAwaySent == 0 && h.goAwayWanted.Load() == firstGoAway {
		h.holdAnswers()
	}
	frames := h.nextFrames()
	if frames == nil {
		return false
	}
	return program.Protect(func() error {
		_, err := h.top().Write(frames)
		return err
	}) == nil
}

// flushAhead sends the first GOAWAY ahead of what the server is about to write. The
// caller holds writing.
func (h *h2) flushAhead() {
	if h.goAwaySent == 0 {
		h.flush()
	}
}

// nextFrames is the GOAWAY or PING that is to be sent next, nil if none is. The caller
// holds writing.
func (h *h2) nextFrames() []byte {
	switch wanted := h.goAwayWanted.Load(); {
	case h.goAwaySent == wanted && wanted == firstGoAway && h.wire.NeedsPing():
		return h.wire.Ping()
	case h.goAwaySent >= wanted:
		return nil
	case wanted == firstGoAway:
		h.goAwaySent = firstGoAway
		return h.wire.FirstGoAway()
	default:
		h.goAwaySent = lastGoAway
		return h.wire.LastGoAway()
	}
}

// closable reports whether no stream is open, but for health Watches, and no handshake is
// under way.
func (h *h2) closable() bool { return !h.wire.Busy() && (h.over == nil || h.over.closable()) }

func (h *h2) midRequest() bool { return h.wire.MidFrame() }

// keep notes that a stream may be about to begin: a part of a TLS record may be the part
// of a header block.
func (h *h2) keep(record bool) {
	if h.wire.MidHeaders() || record {
		h.reading.Store(true)
	}
}

// leaveAt of a late connection is within Spread of its start. A client that is asked at
// once would dial again, perhaps this pod again, with many streams about to begin; Go's
// client then loses those whose body it cannot rewind.
func (h *h2) leaveAt(d *term.Termination) time.Time {
	if h.conn.late(d) {
		return d.LeaveAfter(h.conn.time(h.conn.born), h.conn.Share)
	}
	return d.LeaveAt(h.conn.Share)
}

func (h *h2) asks() bool { return true }

// finish sends the GOAWAY that names the last stream. If the socket is full it waits for
// 5 s, as package tls does for its close_notify.
func (h *h2) finish() {
	h.conn.Conn.SetWriteDeadline(time.Now().Add(5 * time.Second))
	h.sendLastGoAway()
}

func (h *h2) confirmed() bool { return h.wire.Acked() }

// release is called when the connection has been closed. It returns false if a handler is
// still at work: on a stream that was open, or that the client has reset.
func (h *h2) release() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.released = len(h.requests.Entries) == 0
	return h.released
}

// begin notes a request that a handler is about to work on, and counts it as a late
// arrival unless it is a probe. serve is false if the handler must not be called any more:
// net/http starts it in a goroutine of its own, and when that runs, the connection may be
// closed, and closers may run. noted is true if end must be called: it is not if serve is
// false, and not if a handler that is at work on r calls the server's Handler again.
func (h *h2) begin(r *http.Request, probe bool) (serve, noted bool) {
	r.TLS = h.tls
	var x *lateRequest
	d := h.conn.state.Current.Load()
	if d != nil {
		x = &lateRequest{since: time.Now()}
		if !probe {
			x.undo = h.conn.arrive(d, r)
		}
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.released && d != nil {
		return false, false
	}
	if h.released {
		h.released = false
		h.of.reopen()
	}
	if h.requests.Find(r) != nil {
		if x != nil && x.undo != nil {
			x.undo()
		}
		return true, false
	}
	h.requests.Add(r, x)
	return true, true
}

// end is called when the handler of r has returned.
func (h *h2) end(r *http.Request) {
	h.mu.Lock()
	h.requests.Remove(r)
	none := len(h.requests.Entries) == 0
	h.mu.Unlock()
	if none {
		h.of.handled()
	}
}

// excludeFromLate takes r out of the late arrivals, if it is one.
func (h *h2) excludeFromLate(r *http.Request) {
	if undo := h.takeUndo(r); undo != nil {
		undo()
	}
}

// takeUndo returns, once, the function that takes r out of the late arrivals; nil if r is
// none. If r is not known, it may be the copy of a request that is.
func (h *h2) takeUndo(r *http.Request) (undo func()) {
	h.mu.Lock()
	defer h.mu.Unlock()
	late := h.requests.Find(r)
	for i := 0; late == nil && i < len(h.requests.Entries); i++ {
		if e := &h.requests.Entries[i]; e.Value != nil && e.Value.undo != nil && SameRequest(e.Key, r) {
			late = &e.Value
		}
	}
	if late != nil && *late != nil {
		undo, (*late).undo = (*late).undo, nil
	}
	return undo
}

// SameRequest reports whether b, which a handler was given, may be a copy of a that
// middleware has made. It also takes two requests with the same method and target for
// the same.
func SameRequest(a, b *http.Request) bool {
	return a.Method == b.Method && a.RequestURI == b.RequestURI
}

// inFlight appends what is under way on the connection: what is still being read, and the
// requests that handlers of net/http are at work on, or else the open streams.
func (h *h2) inFlight(to []Item) []Item {
	if h.reading.Load() {
		to = append(to, Item{Kind: KindRequest, Name: StillRead, ID: h})
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, e := range h.requests.Entries {
		x := Item{Kind: KindRequest, Name: h.conn.nameOf(e.Key), ID: e.Key}
		if e.Value != nil {
			x.Since = e.Value.since
		}
		to = append(to, x)
	}
	if len(h.requests.Entries) > 0 {
		return to
	}
	for _, s := range h.wire.Streams() {
		if s.Watch {
			continue
		}
		x := Item{Kind: KindStream, Name: short.Name(s.Path), ID: streamOf{h, s.ID}}
		if s.Since != 0 {
			x.Since = h.conn.time(s.Since)
		}
		to = append(to, x)
	}
	return to
}

// count is how many items inFlight appends.
func (h *h2) count() (n int) {
	if h.reading.Load() {
		n++
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.requests.Entries) > 0 {
		return n + len(h.requests.Entries)
	}
	return n + h.wire.Working()
}

// streamOf is the identity of a stream.
type streamOf struct {
	*h2
	id uint32
}

// awaitWatches is called before the health servers are shut down: see Set.AwaitNews.
func (h *h2) awaitWatches() {
	h.wire.AwaitWatchMessage()
	if h.wire.Open() > 0 {
		h.conn.noteActivity() // so that there is time for the message before the connection is closed
	}
}
