#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "cmd/run.h"
#include "providers/fake/fake_cluster.h"
#include "providers/fake/fake_sources.h"
#include "providers/fake/virtual_clock.h"
#include "tests/support/fake_number_sources.h"
#include "tests/support/memory_metrics_store.h"

namespace vscale::test {

/// What one call of the program came to.
struct Ran {
  int code = 0;
  std::string out, err;
};

/// The whole program against a cluster in memory, files in memory, virtual time, and a real statefile in a folder of
/// its own. Two hosts, kvm1 and kvm2, with a storage pool each.
class FakeWorld {
 public:
  FakeWorld();
  ~FakeWorld();
  FakeWorld(const FakeWorld&) = delete;
  FakeWorld& operator=(const FakeWorld&) = delete;

  /// `vscale WORDS` in a pipe.
  Ran vscale(const std::vector<std::string>& words);
  /// The same on a terminal, where somebody types `input`.
  Ran vscale_on_terminal(const std::vector<std::string>& words, const std::string& input);

  /// Writes the file that the program reads.
  void write(const std::string& name, const std::string& text) { files_[folder_ + "/" + name] = text; }
  /// A file that the program wrote; empty if it did not.
  [[nodiscard]] std::string written(const std::string& name) const;
  void set_environment(const std::string& name, const std::string& value) { environment_[name] = value; }
  /// Asked before each action: how hard the user wants to stop.
  void stop_when(std::function<StopRequest()> stop) { stop_ = std::move(stop); }

  /// Whether the second interrupt would end the program at once: it has done a run, and is in none.
  [[nodiscard]] bool is_between_runs() const { return between_runs_; }

  VirtualClock& clock() { return *clock_; }
  FakeCluster& cluster() { return *cluster_; }
  FakeImageLibrary& images() { return *images_; }
  FakeNumberSources& sources() { return *sources_; }
  /// What is measured, as it outlives the program.
  MemoryMetricsStore& metrics() { return *metrics_; }
  Outside& outside() { return outside_; }
  [[nodiscard]] const std::string& folder() const { return folder_; }
  /// What the program became, if it did.
  [[nodiscard]] const std::vector<std::string>& became() const { return became_; }
  /// What it put into that one's environment.
  [[nodiscard]] const std::map<std::string, std::string>& became_with() const { return became_with_; }

 private:
  Ran run_with(const std::vector<std::string>& words, const std::string& input, bool terminal);

  std::string folder_;
  std::map<std::string, std::string> files_;
  std::map<std::string, std::string> environment_;
  std::vector<std::string> became_;
  std::map<std::string, std::string> became_with_;
  std::function<StopRequest()> stop_;
  std::shared_ptr<VirtualClock> clock_;
  std::shared_ptr<FakeCluster> cluster_;
  std::shared_ptr<FakeImageLibrary> images_;
  std::shared_ptr<FakeCommands> commands_ = std::make_shared<FakeCommands>();
  std::shared_ptr<FakeNumberSources> sources_ = std::make_shared<FakeNumberSources>();
  std::shared_ptr<MemoryMetricsStore> metrics_ = std::make_shared<MemoryMetricsStore>();
  bool between_runs_ = false;
  int ids_ = 0;
  Outside outside_;
};

/// A configuration with `web` of that size on both hosts, ready by agent, and nothing that needs a variable.
std::string web_config(int size);

/// The same, replaced in place, one by one: who is replaced keeps its name.
std::string web_in_place(int size);

/// The first, with that configuration applied.
struct AppliedWorld : FakeWorld {
  explicit AppliedWorld(int size);
};

/// A run of bob's, begun five minutes ago by this process, that goes on and holds the lock as long as this lives.
class RunInProgress {
 public:
  explicit RunInProgress(FakeWorld& world, const std::string& operation = "apply");

 private:
  Result<OpenedState> state_;
  std::unique_ptr<OperationLock> lock_;
};

/// What came out with --json, where that is a stream: an object a line.
std::vector<nlohmann::json> lines_of(const std::string& text);

/// Is `part` somewhere in `text`?
bool holds(const std::string& text, const std::string& part);

}  // namespace vscale::test
