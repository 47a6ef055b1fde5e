#pragma once

#include <map>
#include <string>
#include <vector>

#include "engine/ports/metrics/number_sources.h"

namespace vscale::test {

/// NumberSources that answer what a test says, by URL; any other is refused.
class FakeNumberSources final : public NumberSources {
 public:
  std::map<std::string, HttpAnswer> answers;

  std::vector<Result<HttpAnswer>> get_all(const std::vector<HttpQuestion>& questions, Duration /*within*/,
                                          const std::function<bool()>& /*stopped*/) override {
    std::vector<Result<HttpAnswer>> told;
    for (const auto& question : questions) {
      const auto found = answers.find(question.url);
      if (found != answers.end()) {
        told.emplace_back(found->second);
      } else {
        told.emplace_back(Error{ErrorKind::unreachable, question.url + ": connection refused", {}, {}});
      }
    }
    return told;
  }
};

}  // namespace vscale::test
