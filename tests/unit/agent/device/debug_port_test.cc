// SPDX-License-Identifier: Apache-2.0
#include "agent/device/debug_port.h"

#include <gtest/gtest.h>

namespace birthmark::agent {
namespace {

constexpr std::chrono::seconds kPatience{20};

/// What a probe reads until the port ends the connection.
Result<std::string> probe(const link::Endpoint& at) {
  BM_TRY(auto connection, link::connect_tcp(at, kPatience));
  const auto stream = link::fd_stream(std::move(connection), kPatience);
  std::string said;
  Bytes part(64);
  while (true) {
    BM_TRY(const auto size, stream->read(part));
    if (size == 0) {
      return said;
    }
    said.append(as_text(BytesView{part}.first(size)));
  }
}

TEST(DebugPort, tells_every_probe_its_idcode_while_it_is_open) {
  const auto port = DebugPort::open({"127.0.0.1", 0}).value();
  EXPECT_NE(port->endpoint().port, 0);
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(probe(port->endpoint()).value(), DebugPort::kIdcode);
  }
}

TEST(DebugPort, says_that_it_is_simulated) {
  EXPECT_NE(DebugPort::kIdcode.find("simulated"), std::string_view::npos);
}

TEST(DebugPort, a_probe_that_reads_nothing_keeps_no_other_waiting) {
  const auto port = DebugPort::open({"127.0.0.1", 0}).value();
  const auto silent = link::connect_tcp(port->endpoint(), kPatience).value();
  EXPECT_EQ(probe(port->endpoint()).value(), DebugPort::kIdcode);
}

TEST(DebugPort, refuses_connections_once_it_is_closed_for_ever) {
  const auto port = DebugPort::open({"127.0.0.1", 0}).value();
  const auto at = port->endpoint();
  port->close();
  port->close();
  EXPECT_EQ(probe(at).error().code, Code::conflict);
}

TEST(DebugPort, an_address_in_use_is_an_error) {
  const auto port = DebugPort::open({"127.0.0.1", 0}).value();
  EXPECT_EQ(DebugPort::open(port->endpoint()).error().code, Code::unavailable);
}

}  // namespace
}  // namespace birthmark::agent
