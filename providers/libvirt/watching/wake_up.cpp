#include "providers/libvirt/watching/wake_up.h"

#include <utility>

namespace vscale::libvirt {

WakeUp::WakeUp(std::function<void()> end_sleep) : end_sleep_(std::move(end_sleep)) {}

void WakeUp::give_word() {
  const bool is_first = !word_.exchange(true);
  // Nobody else's sleep is ended for it: others wait by the same clock, for guests to boot.
  if (is_first && asleep_ && end_sleep_) end_sleep_();
}

bool WakeUp::sleep_between(Clock& clock, Instant earliest, Instant latest) {
  asleep_ = true;  // before the question: word that comes in between ends the sleep that follows
  if (!word_) clock.sleep_until(latest);
  asleep_ = false;
  if (!word_) return false;
  clock.sleep_until(earliest);
  word_ = false;
  return true;
}

}  // namespace vscale::libvirt
