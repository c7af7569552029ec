package load

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"
)

// Queue is the load of a consumer: a queue on l, from which it takes jobs with
// POST /take (the number of a job; nothing if there is none for a second) and
// to which it reports with POST /done, one number a line. Every job that is
// given away is an attempt: lost if it is not reported within 5 s, or reported
// twice. When ctx ends it gives no more away, waits for what is out, and
// closes l.
func Queue(ctx context.Context, l net.Listener, t *Tally) {
	q := &queue{ctx: ctx, t: t, out: map[string]*time.Timer{}, ready: make(chan string), changed: make(chan struct{}, 1)}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /take", q.take)
	mux.HandleFunc("POST /done", q.done)
	srv := &http.Server{Handler: mux}
	var group sync.WaitGroup
	group.Go(func() { srv.Serve(l) })
	group.Go(q.produce)
	<-ctx.Done()
	q.waitForAll()
	end, cancel := context.WithTimeout(context.WithoutCancel(ctx), patience)
	defer cancel()
	srv.Shutdown(end) // the answer to the last report is still under way
	group.Wait()
}

// lease is how long a consumer may have a job.
const lease = 5 * time.Second

type queue struct {
	ctx     context.Context
	t       *Tally
	ready   chan string
	changed chan struct{} // has an element when out has become smaller

	mu  sync.Mutex
	out map[string]*time.Timer // jobs that consumers hold
}

// produce makes some hundred jobs a second.
func (q *queue) produce() {
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for n := 1; ; n++ {
		select {
		case <-tick.C:
		case <-q.ctx.Done():
			return
		}
		select {
		case q.ready <- fmt.Sprint(n):
		case <-q.ctx.Done():
			return
		}
	}
}

// take gives a job away. From then on the consumer answers for it.
func (q *queue) take(w http.ResponseWriter, r *http.Request) {
	select {
	case job := <-q.ready:
		q.mu.Lock()
		q.out[job] = time.AfterFunc(lease, func() { q.expire(job) })
		q.mu.Unlock()
		io.WriteString(w, job)
	case <-time.After(time.Second):
	case <-q.ctx.Done():
	case <-r.Context().Done():
	}
}

func (q *queue) expire(job string) {
	if q.takeBack(job) {
		q.t.Lose(lostBy("not-done", fmt.Errorf("job %s", job)))
	}
}

// done settles the jobs of a report.
func (q *queue) done(w http.ResponseWriter, r *http.Request) {
	report, err := io.ReadAll(r.Body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	for job := range strings.FieldsSeq(string(report)) {
		if q.takeBack(job) {
			q.t.Got()
		} else {
			q.t.Lose(lostBy("not-its-job", fmt.Errorf("job %s", job)))
		}
	}
}

// takeBack takes a job out of those that consumers hold, and reports whether
// it was one of them.
func (q *queue) takeBack(job string) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	timer, ok := q.out[job]
	if ok {
		timer.Stop()
		delete(q.out, job)
		select {
		case q.changed <- struct{}{}:
		default:
		}
	}
	return ok
}

// waitForAll waits until consumers hold no job: until the last is reported,
// or its lease is over.
func (q *queue) waitForAll() {
	for {
		q.mu.Lock()
		n := len(q.out)
		q.mu.Unlock()
		if n == 0 {
			return
		}
		<-q.changed
	}
}
