// Package h2c stands for x/net's, which package lameduck cannot import: a
// handler of an unexported type.
package h2c

import "net/http"

type h2cHandler struct{ next http.Handler }

func (h *h2cHandler) ServeHTTP(w http.ResponseWriter, r *http.Request) { h.next.ServeHTTP(w, r) }

// NewHandler returns a handler that is known by its package alone.
func NewHandler(next http.Handler) http.Handler { return &h2cHandler{next} }
