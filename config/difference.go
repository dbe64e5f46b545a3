package config

import "reflect"

// Changed returns the keys that differ between two configurations, those of
// sections as section.key, in the order of the reference. Routes are compared by
// [ChangedOfRoute].
func Changed(old, new *Config) []string { return differing(old.keys(), new.keys(), "") }

// ChangedOfRoute returns the keys that differ between two routes.
func ChangedOfRoute(old, new *Route) []string { return differing(old.keys(), new.keys(), "") }

// differing compares two bindings of one table of keys.
func differing(a, b []key, at string) (changed []string) {
	for i, k := range a {
		where := join(at, k.name)
		if g, isGroup := k.to.(group); isGroup {
			changed = append(changed, differing(g.keys, b[i].to.(group).keys, where)...)
		} else if !reflect.DeepEqual(k.to.held(), b[i].to.held()) {
			changed = append(changed, where)
		}
	}
	return changed
}

func (v one[T]) held() any      { return *v.into }
func (v many[T]) held() any     { return *v.into }
func (v fieldMap) held() any    { return *v.into }
func (v webhookList) held() any { return *v.into }
func (v group) held() any       { return nil } // its keys are compared
func (v routeList) held() any   { return nil } // routes are, by name
