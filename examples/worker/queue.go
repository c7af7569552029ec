package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"time"
)

// A queue is the client of a queue that is asked over HTTP. It reports in
// batches.
type queue struct {
	url string

	mu       sync.Mutex
	finished []string // and not reported
}

// take takes a job, "" if there was none for a second.
func (q *queue) take(ctx context.Context) (string, error) {
	return q.post(ctx, "/take", "")
}

// done notes that a job is done, for the next report.
func (q *queue) done(job string) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.finished = append(q.finished, job)
}

// report sends the queue what is done. What it could not send it keeps.
func (q *queue) report(ctx context.Context) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.finished) == 0 {
		return nil
	}
	if _, err := q.post(ctx, "/done", strings.Join(q.finished, "\n")); err != nil {
		return err
	}
	slog.Info("reported", "jobs", len(q.finished))
	q.finished = nil
	return nil
}

// hangUp closes the connections to the queue.
func (q *queue) hangUp(context.Context) error {
	slog.Info("hanging up")
	http.DefaultClient.CloseIdleConnections()
	return nil
}

func (q *queue) post(ctx context.Context, path, body string) (string, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, q.url+path, strings.NewReader(body))
	if err != nil {
		return "", err
	}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		return "", err
	}
	defer res.Body.Close()
	if res.StatusCode >= 300 {
		return "", fmt.Errorf("%s: %s", path, res.Status)
	}
	text, err := io.ReadAll(res.Body)
	return string(text), err
}

// rest waits for d, or until ctx ends.
func rest(ctx context.Context, d time.Duration) {
	select {
	case <-time.After(d):
	case <-ctx.Done():
	}
}
