#pragma once

#include "engine/execution/executor.h"
#include "providers/clock/system_clock.h"

/// How the user stops the program from outside: Ctrl-C, SIGTERM, and SIGHUP, which is a terminal that was closed.

namespace vscale {

/// From now on these three end the program with the exit code for it, and a reader that goes away (SIGPIPE) does not.
/// One that is ignored already stays so, as nohup wants it. `clock` is woken by them and must outlive the program.
void handle_signals(SystemClock& clock);

/// From now on the first and the second end nothing, and are counted instead: see stop_request(). A third ends the
/// program where it is, with a word to stderr if that takes one: the run may be waiting for a reader of its output, and
/// then asks for nothing. Any thread.
void interrupt_gently();

/// From now on, until interrupt_gently() is called again, the second one ends the program at once, with a word to
/// stderr: for what is done between runs, where there is nothing to finish. Changes nothing if there was one already,
/// as the program is about to end then, and to tell how. Any thread.
void interrupt_between_runs();

/// Whether nobody will ever read from this pipe or socket, which we write to: `| head` has seen enough. False for a
/// file.
bool reader_is_gone(int descriptor);

/// How hard the user wants the program to stop, by now: the first signal finishes what runs, the second does not.
/// SIGHUP is never a second one, as a closed terminal may be told several times.
StopRequest stop_request();

}  // namespace vscale
