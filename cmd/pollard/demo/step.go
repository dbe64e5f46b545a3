package demo

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
)

// step has the visitor take the next step on a document: a write of theirs, that goes through the proxy as one from any of their pages.
func (v *sideBySide) step(proxy *url.URL) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		path := r.FormValue("path")
		if !slices.Contains(v.documents, path) {
			http.Error(w, "no such document", http.StatusNotFound)
			return
		}
		response, err := submit(r, proxy.JoinPath(v.app.NextStep(path).Target))
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadGateway)
			return
		}
		defer response.Body.Close()
		if response.StatusCode >= http.StatusBadRequest {
			w.WriteHeader(response.StatusCode)
			io.Copy(w, response.Body)
			return
		}
		w.WriteHeader(http.StatusNoContent) // what follows the form is for a page that would leave
	}
}

// submit sends a form without fields, with the cookies that came with r.
func submit(r *http.Request, target *url.URL) (*http.Response, error) {
	form, err := http.NewRequestWithContext(r.Context(), http.MethodPost, target.String(), http.NoBody)
	if err != nil {
		return nil, err
	}
	form.Close = true // nobody would end an idle connection
	form.Header.Set("Cookie", r.Header.Get("Cookie"))
	form.Header.Set("Origin", target.Scheme+"://"+target.Host)
	form.Header.Set("Sec-Fetch-Site", "same-origin")
	response, err := http.DefaultTransport.RoundTrip(form) // redirects are for browsers
	if err != nil {
		return nil, fmt.Errorf("sending a form through the proxy: %w", err)
	}
	return response, nil
}
