#include "providers/http_server/connection.h"

#include <fmt/format.h>
#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <utility>

#include "providers/http_server/request_head.h"

namespace vscale {
namespace {

/// What is read of a client that has its last answer.
constexpr std::size_t kMostDropped_bytes = 256 * kKiB;

bool would_wait() {
  return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR;
}

}  // namespace

short HttpConnection::awaited_events() const {
  return stage_ == Stage::answering ? POLLOUT : POLLIN;
}

Duration HttpConnection::deadline(const HttpBounds& bounds) const {
  if (stage_ == Stage::parting) return since_ + bounds.parting_time;
  const bool is_idle = stage_ == Stage::receiving && received_.empty() && requests_ > 0;
  return since_ + (is_idle ? bounds.idle_time : bounds.request_time);
}

void HttpConnection::go_on(PageAnswers& answers, RequestRate& rate, const HttpBounds& bounds, Duration now) {
  if (stage_ == Stage::receiving) {
    receive(bounds, now);
    answer_next(answers, rate, bounds, now);
  }
  if (stage_ == Stage::answering) send(now);
  if (stage_ == Stage::parting) drop_what_comes();
}

void HttpConnection::give_up(PageAnswers& answers, Duration now) {
  const bool has_half_a_request = stage_ == Stage::receiving && !received_.empty();
  if (!has_half_a_request) return cut_off();
  begin_reply(answers.refuse({.status = 408, .body = "The request did not come to its end in time.\n"}));
  send(now);
  // Whoever sends half a request is waited for no longer.
  if (stage_ == Stage::answering) cut_off();
}

void HttpConnection::cut_off() {
  const linger at_once{.l_onoff = 1, .l_linger = 0};
  ::setsockopt(socket_.number(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  stage_ = Stage::over;
}

void HttpConnection::receive(const HttpBounds& bounds, Duration now) {
  std::array<char, 4096> bytes{};
  while (received_.size() < bounds.head_bytes) {
    const std::size_t room = std::min(bytes.size(), bounds.head_bytes - received_.size());
    const ssize_t got = ::recv(socket_.number(), bytes.data(), room, 0);
    if (got < 0 && would_wait()) return;
    client_is_done_ = got <= 0;
    if (client_is_done_) return;
    if (received_.empty()) since_ = now;
    received_.append(bytes.data(), static_cast<std::size_t>(got));
  }
}

void HttpConnection::answer_next(PageAnswers& answers, RequestRate& rate, const HttpBounds& bounds, Duration now) {
  const RequestHead head = look_at_head(received_, bounds);
  const bool is_complete = head.refusal || head.bytes > 0;
  if (!is_complete) {
    if (client_is_done_) stage_ = Stage::over;
    has_more_ = false;
    return;
  }
  ++requests_;
  if (!rate.take(now)) {
    return begin_reply(answers.refuse(
        {.status = 429,
         .body = fmt::format("More than {} requests a second are not answered.\n", bounds.requests_per_second)}));
  }
  if (head.refusal) return begin_reply(answers.refuse(*head.refusal));
  const bool is_last = requests_ >= bounds.requests_per_connection;
  begin_reply(answers.reply_to(received_.substr(0, head.bytes),
                               is_last ? PageAnswers::After::close : PageAnswers::After::stay_open));
  received_.erase(0, head.bytes);
}

void HttpConnection::begin_reply(PageAnswers::Reply reply) {
  reply_ = std::move(reply);
  sent_bytes_ = 0;
  stage_ = Stage::answering;
}

void HttpConnection::send(Duration now) {
  while (sent_bytes_ < reply_.bytes.size()) {
    const ssize_t sent =
        ::send(socket_.number(), reply_.bytes.data() + sent_bytes_, reply_.bytes.size() - sent_bytes_, MSG_NOSIGNAL);
    if (sent < 0 && would_wait()) return;
    if (sent < 0) {
      stage_ = Stage::over;
      return;
    }
    sent_bytes_ += static_cast<std::size_t>(sent);
  }
  const bool stays = reply_.after == PageAnswers::After::stay_open;
  reply_ = {};
  since_ = now;
  has_more_ = !received_.empty();
  stage_ = stays ? Stage::receiving : Stage::parting;
  if (!stays) ::shutdown(socket_.number(), SHUT_WR);
}

void HttpConnection::drop_what_comes() {
  std::array<char, 4096> bytes{};
  while (dropped_bytes_ < kMostDropped_bytes) {
    const ssize_t got = ::recv(socket_.number(), bytes.data(), bytes.size(), 0);
    if (got < 0 && would_wait()) return;
    if (got <= 0) break;
    dropped_bytes_ += static_cast<std::size_t>(got);
  }
  stage_ = Stage::over;
}

}  // namespace vscale
