#pragma once

#include <cstddef>
#include <string>

#include "engine/values/units.h"
#include "providers/file_descriptor.h"
#include "providers/http_server/page_answers.h"
#include "providers/http_server/request_rate.h"

namespace vscale {

/// One client of the server: what has come from it, what goes to it, and how long it may take. Owns its socket, which
/// never blocks. Times are uptimes.
class HttpConnection {
 public:
  enum class Stage {
    receiving,  ///< A request, or there is none as yet.
    answering,
    parting,  ///< It has its last answer. What still comes is dropped, as closing at once would take the answer with
              ///< it.
    over,     ///< Nothing more to do: to be closed.
  };

  HttpConnection(FileDescriptor socket, Duration now) : socket_(std::move(socket)), since_(now) {}

  int socket() const { return socket_.number(); }
  Stage stage() const { return stage_; }
  /// Since when it has been at what it is at: waiting for a request, that request with its answer, or parting.
  Duration since() const { return since_; }
  /// What poll() is to wait for.
  short awaited_events() const;
  /// More than one request came at once: there is something to do without a word from the client.
  bool has_more() const { return stage_ == Stage::receiving && has_more_; }
  /// When it is to be cut off, if nothing comes of it before.
  Duration deadline(const HttpBounds& bounds) const;

  /// Goes on as far as it can without waiting: reads, answers at most one request, writes.
  void go_on(PageAnswers& answers, RequestRate& rate, const HttpBounds& bounds, Duration now);
  /// The deadline has passed: says so to one that has sent half a request, and cuts off any other.
  void give_up(PageAnswers& answers, Duration now);
  /// Nothing more goes either way, not even what the system holds of an answer.
  void cut_off();

 private:
  void receive(const HttpBounds& bounds, Duration now);
  void answer_next(PageAnswers& answers, RequestRate& rate, const HttpBounds& bounds, Duration now);
  void begin_reply(PageAnswers::Reply reply);
  void send(Duration now);
  void drop_what_comes();

  FileDescriptor socket_;
  Stage stage_ = Stage::receiving;
  Duration since_;
  std::string received_;
  bool client_is_done_ = false;  // it sends nothing more; an answer may still be wanted
  bool has_more_ = false;
  PageAnswers::Reply reply_;
  std::size_t sent_bytes_ = 0;  // of it
  int requests_ = 0;
  std::size_t dropped_bytes_ = 0;
};

}  // namespace vscale
