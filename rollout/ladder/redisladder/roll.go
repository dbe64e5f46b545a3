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
	// rollEvery is how often an instance says that it is there.
	rollEvery = 5 * time.Second
	// forgotten is how long it counts as one of the fleet after it has last said so.
	forgotten = 3 * rollEvery
)

// Member is an instance of the fleet, in its own words.
type Member struct {
	Name   string `json:"name"`
	Build  string `json:"build"`
	Routes string `json:"routes"` // tells configurations of routes apart
	Mode   string `json:"mode"`   // whether it asks upstream together with the others

	Heard time.Time `json:"-"` // when it last said so, by this machine's clock
	id    string    // of its start
}

// callRoll takes note of one instance, or that it leaves where it says nothing, and
// returns all that there are. Time is Redis', so that no other clock matters. What
// cannot be read is begun anew.
const callRoll = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local limit = tonumber(ARGV[3])
local before = redis.call('GET', KEYS[1]) or '{}'
local ok, known = pcall(cjson.decode, #before < 1048576 and before or '{}')
local all = {}
if ok and type(known) == 'table' then
  for id, m in pairs(known) do
    if type(m) == 'table' and type(m.at) == 'number' and math.abs(now - m.at) < limit then all[id] = m end
  end
end
all[ARGV[1]] = ARGV[2] ~= '' and {at = now, said = ARGV[2]} or nil
local after = next(all) and cjson.encode(all) or '{}'
redis.call('SET', KEYS[1], after, 'PX', limit)
return {now, after}`

// roll says that this instance is there, and learns which others are.
func (f *Fleet) roll(ctx context.Context) error {
	if time.Since(f.rolled) < rollEvery {
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
	reply, err := f.call.Run(ctx, f.options.Client, []string{f.options.Roll}, f.id, said, forgotten.Milliseconds()).Slice()
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
		At   float64 `json:"at"`
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
		m.Heard, m.id = when(int64(e.At)), id
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
	return slices.DeleteFunc(slices.Clone(f.others), func(m Member) bool { return time.Since(m.Heard) >= forgotten })
}
