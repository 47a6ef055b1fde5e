#pragma once

#include <map>
#include <string>
#include <vector>

#include "cmd/invocation/invocation.h"
#include "engine/desired/config.h"
#include "engine/plan/plan.h"
#include "engine/ports/state_store.h"
#include "engine/recorded/recorded_state.h"

/// What the images of the configuration stand for.

namespace vscale {

/// The names of the images that a group uses, in file order.
std::vector<std::string> images_in_use(const Config& config);

/// How images are asked for.
enum class Newer { keep_lock, take_newer };
/// Finds out what each of `names` stands for, and stores locks that are new; nothing where one cannot be read. Shows
/// progress on a terminal.
Result<std::map<std::string, ImageLock>> resolve_images(const Invocation& invocation, const Config& config,
                                                        const std::vector<std::string>& names, Newer newer,
                                                        StateStore& store, const RecordedState& recorded);

/// What the images stand for, with what is new of it, and with the sources that have vanished.
struct FoundImages {
  std::map<std::string, ImageLock> locks;
  std::vector<RecordChange> changes;      ///< Locks that the record does not have yet.
  std::map<std::string, Error> vanished;  ///< Local files that are gone, by image; what they held is known by the lock.
  std::map<std::string, Error> unread;    ///< Why there is no lock, by image.
};
/// The same as resolve_images(), but stores nothing, goes on where one cannot be read, and takes a known lock for a
/// local file that is gone: nobody needs the file as long as it is not sent anywhere.
FoundImages find_images(const Invocation& invocation, const Config& config, const std::vector<std::string>& names,
                        Newer newer, const RecordedState& recorded);
/// Says of images whose source has vanished: a warning, or an error where the plan has to send them.
void report_vanished(const FoundImages& images, Plan& plan);
/// Says of what the plan has to send, for a revision that is gone back to, that its file has other bytes by now or is
/// gone: an error. A URL is not asked.
void report_overwritten(const Invocation& invocation, const Config& config, const FoundImages& images, Plan& plan);

}  // namespace vscale
