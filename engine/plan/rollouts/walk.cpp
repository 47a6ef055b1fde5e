#include <fmt/format.h>

#include <algorithm>
#include <deque>
#include <set>
#include <tuple>

#include "engine/plan/fates/fates.h"
#include "engine/plan/rollouts/rollouts.h"

/// A rolling update on paper, turn by turn, as if everything that begins ended well and in the order of its beginning.

namespace vscale {
namespace {

using What = RolloutEntry::What;

/// A bound on the turns of one rollout: each begins something, rests or is the last.
constexpr std::size_t kTurnsPerInstance = 4;

/// One instance in the course of the walk.
struct Member {
  enum class Kind {
    fresh,      ///< Of the new revision, and there.
    missing,    ///< To be made, beside others or where one is gone.
    gives_way,  ///< Old: goes and comes again under its own ordinal.
    goes,       ///< Old: goes for good.
    stuck,      ///< Left as it is.
    unknown,
  };
  enum class State { available, unavailable, coming, leaving, not_there };

  std::size_t decision = 0;
  Kind kind = Kind::stuck;
  State state = State::unavailable;
  std::string host;
  bool abandoned = false;  ///< Of a revision that was never completed.
};

std::string counted(int number, const char* what) {
  return fmt::format("{} {}", number, what);
}

class Walk {
 public:
  Walk(Planning& planning, GroupPlan& plan, const FindPlace& find_place, const GiveBack& give_back)
      : planning_(planning), plan_(plan), paper_(*plan.rollout), find_place_(find_place), give_back_(give_back) {
    read_steps();
    for (const auto& unknown : planning.plan.unknown) unknown_.insert(unknown.address);
    for (std::size_t i = 0; i < plan.decisions.size(); ++i) add_member(i);
    // Who has lost something comes before who takes over from somebody.
    std::stable_partition(missing_.begin(), missing_.end(), [this](std::size_t place) {
      return plan_.decisions[members_[place].decision].record != nullptr;
    });
    note_extremes();
  }

  void walk() {
    const std::size_t bound = kTurnsPerInstance * (plan_.decisions.size() + paper_.outline.steps.size() + 1);
    for (std::size_t turn = 0; turn < bound * 2; ++turn) {
      if (begin_turn()) continue;
      if (!under_way_.empty()) {
        finish(under_way_.front());
        under_way_.pop_front();
        continue;
      }
      if (!pass_step()) return end();
    }
    VSCALE_ASSERT(false, "a rolling update that does not come to its end");
  }

 private:
  // ---- What there is ----

  void add_member(std::size_t index) {
    const Decision& decision = plan_.decisions[index];
    Member member;
    member.decision = index;
    if (decision.record != nullptr) member.host = decision.where->host;
    member.abandoned = decision.record != nullptr && plan_.record != nullptr &&
                       decision.record->revision != plan_.record->stable && decision.record->revision != plan_.revision;
    // Who was drained serves nobody, until that is taken back.
    const bool available = is_available(planning_, decision) && !decision.record->drained;
    member.state = available ? Member::State::available : Member::State::unavailable;
    switch (decision.fate) {
      case Fate::create:
        member.kind = Member::Kind::missing;
        member.state = Member::State::not_there;
        break;
      case Fate::replace:
        member.kind = decision.domain_is_gone ? Member::Kind::missing : Member::Kind::gives_way;
        if (decision.domain_is_gone) member.state = Member::State::not_there;
        break;
      case Fate::retire:
        member.kind = Member::Kind::goes;
        break;
      case Fate::keep:
        if (decision.recreate) {
          member.kind = Member::Kind::missing;
          member.state = Member::State::not_there;
        } else {
          add_kept(member, decision);
        }
        break;
      case Fate::left:
        member.kind = is_unknown(decision) && is_old(planning_, plan_, decision) ? Member::Kind::unknown
                      : available && !is_old(planning_, plan_, decision)         ? Member::Kind::fresh
                                                                                 : Member::Kind::stuck;
        break;
      case Fate::destroy:
      case Fate::forget:
        return;
    }
    count(member, +1);
    const std::size_t place = members_.size();
    members_.push_back(member);
    if (member.state == Member::State::coming) set_out(place);
    if (member.kind == Member::Kind::missing) missing_.push_back(place);
    const bool is_old = member.kind == Member::Kind::goes || member.kind == Member::Kind::gives_way;
    if (is_old) lines_[{available, rank_of(member)}][member.host].push_back(place);
    if (decision.where) host_by_name_.emplace(decision.name, member.host);
  }

  /// What makes room goes before what comes again, and what an abandoned revision left before what was stable.
  static int rank_of(const Member& member) {
    constexpr int kComesAgain = 2;
    return (member.kind == Member::Kind::gives_way ? kComesAgain : 0) + (member.abandoned ? 0 : 1);
  }

  void set_out(std::size_t place) {
    under_way_.push_back(place);
    ++under_way_on_[members_[place].host];
  }

  /// One that needs something first, or was drained and stays, is on its way, and waited for.
  void add_kept(Member& member, const Decision& decision) {
    const bool is_held = decision.held && is_old(planning_, plan_, decision);
    member.kind = is_held ? Member::Kind::stuck : Member::Kind::fresh;
    if (member.state == Member::State::available) return;
    if (decision.wait || decision.welcome || is_ill(planning_, plan_, decision)) {
      member.state = Member::State::coming;
    } else {
      member.kind = Member::Kind::stuck;
    }
  }

  [[nodiscard]] bool is_unknown(const Decision& decision) const { return unknown_.count(decision.name) != 0; }

  [[nodiscard]] const RolloutCounts& counts() const { return counts_; }

  /// The number that the member is counted in; nullptr: in none.
  static int* place_in(RolloutCounts& counts, const Member& member) {
    const bool available = member.state == Member::State::available;
    if (member.state == Member::State::leaving) return &counts.leaving;
    if (member.state == Member::State::not_there) return nullptr;
    switch (member.kind) {
      case Member::Kind::fresh:
      case Member::Kind::missing:
        return available ? &counts.fresh_available : &counts.fresh_coming;
      case Member::Kind::gives_way:
      case Member::Kind::goes:
        return available ? &counts.old_available : &counts.old_unavailable;
      case Member::Kind::stuck:
        return &counts.stuck;
      case Member::Kind::unknown:
        return &counts.unknown;
    }
    VSCALE_ASSERT(false, "a member that is nothing");
  }

  void count(const Member& member, int by) {
    if (int* place = place_in(counts_, member)) *place += by;
    const bool serves = member.kind == Member::Kind::stuck && member.state == Member::State::available;
    if (serves) counts_.stuck_available += by;
  }

  void change(Member& member, Member::Kind kind, Member::State state) {
    count(member, -1);
    member.kind = kind;
    member.state = state;
    count(member, +1);
    note_extremes();
  }

  // ---- Steps ----

  void read_steps() {
    const RolloutRecord* recorded = recorded_rollout(planning_, plan_);
    if (recorded == nullptr || paper_.begins) return;
    passed_ = recorded->steps_passed;
    reached_at_ = recorded->step_reached_at;
    const auto& intents = planning_.input.recorded.rollout_intents;
    const auto said = intents.find(planning_.recorded_address(plan_.address));
    const bool promoted = said != intents.end() && said->second.kind == RolloutIntent::Kind::promote &&
                          said->second.revision == plan_.revision && said->second.step >= passed_;
    if (!promoted) return;
    passed_ = said->second.step + 1;
    reached_at_.reset();
    paper_.promoted = *recorded;
    paper_.promoted->steps_passed = passed_;
    paper_.promoted->step_reached_at.reset();
  }

  [[nodiscard]] const std::vector<UpdateStep>& steps() const { return paper_.outline.steps; }
  [[nodiscard]] bool all_steps_passed() const { return static_cast<std::size_t>(passed_) >= steps().size(); }
  [[nodiscard]] int reach() const {
    const int size = paper_.budget.size;
    return all_steps_passed() ? size : reach_of(steps()[static_cast<std::size_t>(passed_)].to, size);
  }

  /// Rests where the present step is done. Of several that come to the same number the last one counts. False: there is
  /// none left to pass, or it is not done, or a person has to pass it.
  bool pass_step() {
    if (all_steps_passed() || !has_reached(paper_.budget, reach(), counts())) return false;
    const int fresh = counts().fresh_available;
    // Where a person was waited for, the group has only grown meanwhile.
    const bool waits = steps()[static_cast<std::size_t>(passed_)].manual_pause && reached_at_ && number_ <= 1;
    while (!waits && static_cast<std::size_t>(passed_) + 1 < steps().size() &&
           reach_of(steps()[static_cast<std::size_t>(passed_) + 1].to, paper_.budget.size) <= fresh) {
      ++passed_;
    }
    const UpdateStep& step = steps()[static_cast<std::size_t>(passed_)];
    const Duration bake = step.bake.value_or(Duration{0});
    const Duration rest = bake + step.pause.value_or(Duration{0});
    Duration left = rest;
    // What was made again meanwhile is looked after from its own beginning; and a bake is, whoever was not there to
    // look, but where a person looks after it.
    const Duration least = step.manual_pause ? Duration{0} : bake;
    if (reached_at_ && number_ == 0) left = std::clamp(rest - (planning_.input.now - *reached_at_), least, rest);
    if (rest > Duration{0} && !(step.manual_pause && left == Duration{0})) {
      add({.what = What::rests, .number = passed_, .lasts = left, .passes = !step.manual_pause});
      note_rest(step, left);
    }
    if (step.manual_pause) {
      add({.what = What::holds, .number = passed_});
      note_hold();
      return false;
    }
    ++passed_;
    reached_at_.reset();
    return true;
  }

  void note_rest(const UpdateStep& step, Duration left) {
    std::string words = step.bake && step.pause ? "bake and pause " : step.bake ? "bake " : "pause ";
    rest_after_last_turn(words + show_duration(left));
  }

  void note_hold() {
    held_by_step_ = true;
    rest_after_last_turn("pause until promoted");
    paper_.outline.held = fmt::format("waits at step {} of {}, until it is promoted", passed_ + 1, steps().size());
  }

  void rest_after_last_turn(const std::string& words) {
    auto& turns = paper_.outline.turns;
    if (turns.empty()) turns.push_back(outline_of_turn(0));
    std::string& rests = turns.back().rests;
    rests += (rests.empty() ? "" : ", ") + words;
  }

  // ---- Turns ----

  bool begin_turn() {
    const Allowance allowance = next_turn(paper_.budget, reach(), paper_.succession, counts());
    if (allowance.nothing()) return false;
    turn_ = outline_of_turn(number_ + 1);
    turn_begun_ = false;
    for (int i = 0; i < allowance.comes && begin_coming(); ++i) {
    }
    for (int i = 0; i < allowance.goes_unavailable && begin_going(Member::State::unavailable); ++i) {
    }
    for (int i = 0; i < allowance.goes_available && begin_going(Member::State::available); ++i) {
    }
    if (!turn_begun_ && under_way_.empty() && allowance.goes_unavailable > 0) {
      // Those that are too many serve, and may not go before one that does not serve is made again.
      overfull_ = true;
      begin_going(Member::State::unavailable);
      overfull_ = false;
    }
    if (!turn_begun_) return false;
    turn_.total = counts().total();
    paper_.outline.turns.push_back(turn_);
    note_extremes();
    return true;
  }

  [[nodiscard]] RolloutTurnOutline outline_of_turn(int number) const {
    const RolloutCounts now = counts();
    RolloutTurnOutline turn;
    turn.number = number;
    turn.fresh = now.fresh_available;
    turn.available = now.available();
    turn.total = now.total();
    return turn;
  }

  void open_turn() {
    if (turn_begun_) return;
    turn_begun_ = true;
    ++number_;
    add({.what = What::turns, .number = number_});
  }

  /// So many replacements may be under way there.
  [[nodiscard]] bool has_turn_left(const std::string& host) const {
    const auto there = under_way_on_.find(host);
    return there == under_way_on_.end() || there->second < plan_.group->update.per_host;
  }

  bool begin_coming() {
    const auto next = std::find_if(missing_.begin(), missing_.end(), [this](std::size_t at) { return has_place(at); });
    if (next == missing_.end()) return false;
    Member& member = members_[*next];
    Decision& decision = plan_.decisions[member.decision];
    const std::string host = decision.recreate ? decision.record->host : *decision.placed->host;
    if (!has_turn_left(host)) return false;
    refused_.reset();
    missing_.erase(next);
    member.host = host;
    turn_.comes.push_back({decision.name, member.host});
    begin(member, What::comes, Member::Kind::missing, Member::State::coming);
    return true;
  }

  /// One that was only claimed has its place. Who finds none, since its kept disk is on a host that is full or silent,
  /// is in nobody's way.
  bool has_place(std::size_t at) {
    Decision& decision = plan_.decisions[members_[at].decision];
    const bool found = decision.recreate || decision.placed || find_place_(decision, host_of(decision.stands_for));
    if (!found) refused_ = members_[at].decision;
    return found;
  }

  [[nodiscard]] std::string host_of(const std::string& name) const {
    const auto found = host_by_name_.find(name);
    return found == host_by_name_.end() ? "" : found->second;
  }

  bool begin_going(Member::State state) {
    Line* line = next_line(state == Member::State::available);
    if (line == nullptr) return false;
    Member& victim = members_[line->front()];
    Decision& decision = plan_.decisions[victim.decision];
    const bool in_place = victim.kind == Member::Kind::gives_way;
    if (in_place && !decision.placed && !find_place_(decision, "")) {
      refused_ = victim.decision;
      return false;
    }
    if (in_place && *decision.placed->host != victim.host && !has_turn_left(*decision.placed->host)) return false;
    line->pop_front();
    turn_.goes.push_back({decision.name, victim.host});
    ++taken_from_[victim.host];
    last_host_ = victim.host;
    if (!in_place) {
      begin(victim, What::goes, victim.kind, Member::State::leaving);
      return true;
    }
    refused_.reset();
    victim.host = *decision.placed->host;
    turn_.comes.push_back({decision.name, victim.host});
    begin(victim, What::gives_way, Member::Kind::missing, Member::State::coming);
    return true;
  }

  using Line = std::deque<std::size_t>;

  /// Whose turn it is among the old ones: by rank, then hosts in turn, so that two of one host follow each other only
  /// where no others are left. nullptr: nobody's just now.
  Line* next_line(bool available) {
    for (auto& [key, hosts] : lines_) {
      if (key.first != available) continue;
      if (Line* line = next_line(hosts)) return line;
    }
    return nullptr;
  }

  Line* next_line(std::map<std::string, Line>& hosts) {
    Line* best = nullptr;
    std::tuple<bool, int, int> best_rank;
    for (auto& [host, line] : hosts) {
      if (line.empty() || !has_turn_left(host) || !may_give_way(members_[line.front()])) continue;
      const auto taken = taken_from_.find(host);
      const std::tuple<bool, int, int> rank{host == last_host_, taken == taken_from_.end() ? 0 : taken->second,
                                            plan_.decisions[members_[line.front()].decision].address.ordinal};
      if (best != nullptr && best_rank <= rank) continue;
      best = &line;
      best_rank = rank;
    }
    return best;
  }

  /// What is too much goes before anything is made again, where it can.
  [[nodiscard]] bool may_give_way(const Member& member) const {
    return member.kind != Member::Kind::gives_way || counts_.total() <= paper_.budget.most() || overfull_;
  }

  void begin(Member& member, What what, Member::Kind kind, Member::State state) {
    open_turn();
    add({.what = what, .decision = member.decision});
    change(member, kind, state);
    set_out(static_cast<std::size_t>(&member - members_.data()));
  }

  void finish(std::size_t index) {
    Member& member = members_[index];
    add({.what = What::is_done, .decision = member.decision});
    --under_way_on_[member.host];
    if (member.state == Member::State::leaving) {
      give_back_(plan_.decisions[member.decision]);
      change(member, member.kind, Member::State::not_there);
    } else {
      change(member, member.kind, Member::State::available);
    }
  }

  void add(RolloutEntry entry) { paper_.entries.push_back(entry); }

  void note_extremes() {
    const RolloutCounts now = counts();
    RolloutOutline& outline = paper_.outline;
    outline.peak = std::max(outline.peak, now.total());
    outline.lowest = lowest_known_ ? std::min(outline.lowest, now.available()) : now.available();
    lowest_known_ = true;
  }

  // ---- The end ----

  void end() {
    const RolloutCounts now = counts();
    const int size = paper_.budget.size;
    paper_.completes = !held_by_step_ && all_steps_passed() && now.stuck == 0 && now.unknown == 0 &&
                       now.total() == size && has_reached(paper_.budget, size, now);
    if (std::none_of(members_.begin(), members_.end(), is_left_over)) {
      if (!paper_.completes && paper_.outline.held.empty()) paper_.outline.held = why_incomplete(now);
      return;
    }
    paper_.refused = paper_.outline.held.empty() ? refused_ : std::nullopt;
    if (paper_.refused) paper_.outline.held = "no host has room for the next one";
    if (paper_.outline.held.empty()) paper_.outline.held = why_held(now);
    for (const auto& member : members_) {
      if (is_left_over(member)) leave(plan_.decisions[member.decision]);
    }
    part_pairs();
  }

  /// Of two that were one for the other only one may have its turn: then it stands by itself.
  void part_pairs() {
    std::map<std::string, Decision*> by_name;
    for (auto& decision : plan_.decisions) by_name.emplace(decision.name, &decision);
    for (auto& old : plan_.decisions) {
      if (old.replaced_by.empty() || by_name.at(old.replaced_by)->fate != Fate::left) continue;
      old.replaced_by.clear();
      std::erase_if(old.reasons, [](const Reason& reason) { return reason.rule == Rule::rollout; });
    }
    for (auto& comes : plan_.decisions) {
      if (comes.stands_for.empty() || comes.fate == Fate::left ||
          by_name.at(comes.stands_for)->replaced_by == comes.name)
        continue;
      comes.stands_for.clear();
      if (!comes.reasons.empty())
        comes.reasons.front().text = fmt::format("size {}, and one is missing", paper_.budget.size);
    }
  }

  static bool is_left_over(const Member& member) {
    const bool to_come = member.kind == Member::Kind::missing && member.state == Member::State::not_there;
    const bool to_go = (member.kind == Member::Kind::goes || member.kind == Member::Kind::gives_way) &&
                       member.state != Member::State::not_there;
    return to_come || to_go;
  }

  [[nodiscard]] std::string why_held(const RolloutCounts& now) const {
    std::string text = fmt::format("{} available, {} promised", now.available(), paper_.budget.least_available());
    if (now.unknown != 0) text += ", " + counted(now.unknown, "unknown");
    if (now.stuck != 0) text += ", " + counted(now.stuck, "held back or not ready");
    return "waits: " + text;
  }

  /// Nothing is left to begin, and yet it has not come to its end.
  [[nodiscard]] std::string why_incomplete(const RolloutCounts& now) const {
    std::string text = fmt::format("{} of {} new", now.fresh_available, paper_.budget.size);
    if (now.unknown != 0) text += ", " + counted(now.unknown, "unknown");
    if (now.stuck != 0) text += ", " + counted(now.stuck, "held back or not ready");
    return text;
  }

  void leave(Decision& decision) {
    decision.rolls = false;
    decision.replaced_by.clear();
    Reason why{
        Rule::rollout_waits,
        paper_.outline.held,
        {{"step", passed_ + 1}, {"available", counts().available()}, {"least", paper_.budget.least_available()}}};
    const bool is_there = decision.record != nullptr && !decision.domain_is_gone && !decision.recreate;
    if (is_there) return hold_replacement(planning_, plan_, decision, std::move(why));
    decision.fate = Fate::left;
    decision.held = decision.record != nullptr;
    if (decision.held) decision.reasons.push_back(std::move(why));
  }

  Planning& planning_;
  GroupPlan& plan_;
  RolloutPaper& paper_;
  const FindPlace& find_place_;
  const GiveBack& give_back_;

  std::set<std::string> unknown_;
  std::vector<Member> members_;
  RolloutCounts counts_;
  std::deque<std::size_t> under_way_;  ///< Places in members_, in the order of their beginning.
  std::map<std::string, int> under_way_on_;
  std::deque<std::size_t> missing_;  ///< Likewise: who is to come.
  /// And who is to go: by whether it is available, and by rank; then by host, in order of ordinals.
  std::map<std::pair<bool, int>, std::map<std::string, Line>> lines_;
  std::map<std::string, std::string> host_by_name_;
  int passed_ = 0;                     ///< Steps.
  std::optional<Instant> reached_at_;  ///< Since when it rests at the next one, by the record.
  int number_ = 0;                     ///< Of the last turn.
  RolloutTurnOutline turn_;            ///< That begins.
  bool turn_begun_ = false;
  bool overfull_ = false;  ///< There are more than may be, and nothing else can begin.
  bool held_by_step_ = false;
  bool lowest_known_ = false;
  std::optional<std::size_t> refused_;  ///< The last decision that found no place.
  std::map<std::string, int> taken_from_;
  std::string last_host_;
};

}  // namespace

bool is_available(const Planning& planning, const Decision& decision) {
  return decision.record != nullptr && decision.record->phase == Phase::ready && decision.where &&
         decision.where->presence == Presence::up && planning.input.unready.count(decision.address) == 0;
}

bool is_ill(const Planning& planning, const GroupPlan& plan, const Decision& decision) {
  const bool is_up = decision.record != nullptr && decision.record->phase == Phase::ready && decision.where &&
                     decision.where->presence == Presence::up;
  return is_up && decision.fate == Fate::keep && !decision.held && !decision.wait && !decision.welcome &&
         plan.course.kind != Course::Kind::back && !is_old(planning, plan, decision) &&
         planning.input.unready.count(decision.address) != 0;
}

void walk_rollout(Planning& planning, GroupPlan& plan, const FindPlace& find_place, const GiveBack& give_back) {
  if (plan.rollout) Walk(planning, plan, find_place, give_back).walk();
}

}  // namespace vscale
