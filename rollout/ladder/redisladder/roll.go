package redisladder

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"
)

const (
	// rollEvery is how often an instance says that it is there, in a fleet of at most
	// so many. In a larger one it is less often: the roll is as long as the fleet is
	// large, and all of them together call it four times a second, whatever they are.
	rollEvery = 5 * time.Second
	rollSize  = 20
	// missed is how many calls an instance may miss before it is forgotten.
	missed = 3
)

// rollPause is how long an instance among n waits from one call to the next.
func rollPause(n int) time.Duration { return rollEvery * time.Duration(max(n, rollSize)) / rollSize }

// Member is an instance of the fleet, in its own words.
type Member struct {
	Name   string `json:"name"`
	Build  string `json:"build"`
	Routes string `json:"routes"` // tells configurations of routes apart
	Mode   string `json:"mode"`   // whether it asks upstream together with the others

	Heard time.Time `json:"-"` // when it last said so, by this machine's clock
	until time.Time // it is forgotten
	id    string    // of its start
}

// callRoll takes note of one instance, or that it leaves where it says nothing, and
// returns all that there are. Time is Redis', so that no other clock matters. What
// cannot be read is begun anew.
const callRoll = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local before = redis.call('GET', KEYS[1]) or '{}'
local ok, known = pcall(cjson.decode, #before < 1048576 and before or '{}')
local all = {}
if ok and type(known) == 'table' then
  for id, m in pairs(known) do
    if type(m) == 'table' and type(m.at) == 'number' and type(m.keep) == 'number' and math.abs(now - m.at) < m.keep then all[id] = m end
  end
end
all[ARGV[1]] = ARGV[2] ~= '' and {at = now, keep = tonumber(ARGV[3]), said = ARGV[2]} or nil
local after = next(all) and cjson.encode(all) or '{}'
redis.call('SET', KEYS[1], after, 'PX', ARGV[3])
return {now, after}`

// roll says that this instance is there, and learns which others are.
func (f *Fleet) roll(ctx context.Context) error {
	if time.Since(f.rolled) < rollPause(len(f.Others())+1) {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, budget)
	defer cancel()
	said, err := json.Marshal(f.options.Self())
	if err != nil {
		return fmt.Errorf("telling the fleet of this instance: %w", err)
	}
	others, err := f.rollCall(ctx, string(said))
	if err != nil {
		return fmt.Errorf("telling the fleet of this instance: %w", err)
	}
	f.rolled = time.Now()
	f.mu.Lock()
	defer f.mu.Unlock()
	f.others = others
	return nil
}

// leave says that this instance is gone, if it can be said now.
func (f *Fleet) leave(ctx context.Context) {
	if f.Apart() != nil {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, budget)
	defer cancel()
	_, _ = f.rollCall(ctx, "") // else it is forgotten soon
}

func (f *Fleet) rollCall(ctx context.Context, said string) (others []Member, err error) {
	keep := missed * rollPause(len(f.Others())+1)
	reply, err := f.call.Run(ctx, f.options.Client, []string{f.options.Roll}, f.id, said, keep.Milliseconds()).Slice()
	if err != nil {
		return nil, err
	}
	if len(reply) != 2 {
		return nil, fmt.Errorf("got %d values, want 2", len(reply))
	}
	now, isTime := reply[0].(int64)
	text, isText := reply[1].(string)
	if !isTime || !isText {
		return nil, fmt.Errorf("got %T and %T, want a time and a text", reply[0], reply[1])
	}
	return parseRoll(text, f.id, func(at int64) time.Time { return time.Now().Add(time.Duration(at-now) * time.Millisecond) })
}

// parseRoll returns whom a roll names beside one, in the order of their names. Whom it
// cannot read it leaves out: they may be of a later version.
func parseRoll(text, self string, when func(at int64) time.Time) ([]Member, error) {
	var all map[string]struct {
		At   float64 `json:"at"` // milliseconds, as Keep
		Keep float64 `json:"keep"`
		Said string  `json:"said"`
	}
	if err := json.Unmarshal([]byte(text), &all); err != nil {
		return nil, err
	}
	var others []Member
	for id, e := range all {
		var m Member
		if id == self || json.Unmarshal([]byte(e.Said), &m) != nil {
			continue
		}
		m.Heard, m.until, m.id = when(int64(e.At)), when(int64(e.At+e.Keep)), id
		others = append(others, m)
	}
	slices.SortFunc(others, func(a, b Member) int { return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.id, b.id)) })
	return others, nil
}

// Others returns the instances that are known to be there beside this one, by name.
// Of those that Redis cannot tell of any more it says nothing after a while.
func (f *Fleet) Others() []Member {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(f.others), func(m Member) bool { return !time.Now().Before(m.until) })
}
