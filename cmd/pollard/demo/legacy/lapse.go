package legacy

// Lapse has changes keep the stamps of their documents, as after a release that forgets to renew them: whoever asks with a condition is
// told that nothing has changed. Edits are not told either: there is no new stamp to tell.
func (a *App) Lapse() { a.stamps.freeze(true) }

// Mend ends a lapse, and renews the stamp of every document, since nobody knows which have changed.
func (a *App) Mend() {
	a.stamps.freeze(false)
	for _, path := range a.Documents() {
		a.edited(path, nil)
	}
}
