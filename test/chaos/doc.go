// Package chaos has two real instances and their Redis live through a storm: what is behind them, beside them and under
// them fails in an order that a seed decides. Meanwhile nobody may see another's document or an older one than before;
// afterwards all have the newest, the counters agree with what clients and upstream have counted themselves, and
// nothing is left open.
//
// Clocks are left alone: a static Go binary reads the kernel's, where no library can be put between, and a namespace of
// time moves none that tells the date.
package chaos
