// SPDX-License-Identifier: Apache-2.0
#include "daemon/server_certificate.h"

#include <algorithm>
#include <charconv>
#include <set>

#include "app/service_credentials.h"
#include "codec/x509.h"

namespace birthmark::daemon {
namespace {

constexpr const char* kActor = "server:certificate";
constexpr const char* kName = "server";

std::optional<Octets<4>> ipv4(const std::string& text) {
  Octets<4> out{};
  const char* at = text.data();
  const char* const end = text.data() + text.size();
  for (std::size_t i = 0; i < out.size(); ++i) {
    const auto [next, error] = std::from_chars(at, end, out[i]);
    const bool last = i + 1 == out.size();
    if (error != std::errc{} || (last ? next != end : next == end || *next != '.')) {
      return std::nullopt;
    }
    at = last ? next : next + 1;
  }
  return out;
}

app::ServiceOrder order_for(const Config& config) {
  app::ServiceOrder order{.profile = pki::ProfileId::server,
                          .common_name = config.server_names.front(),
                          .spki = {},
                          .dns_names = {},
                          .ip_addresses = {{127, 0, 0, 1}},
                          .actor = kActor};
  for (const auto& name : config.server_names) {
    if (const auto address = ipv4(name)) {
      order.ip_addresses.push_back(*address);
    } else {
      order.dns_names.push_back(name);
    }
  }
  return order;
}

using Names = std::set<std::pair<x509::GeneralNameKind, Bytes>>;

Names wanted_names(const app::ServiceOrder& order) {
  Names out;
  for (const auto& name : order.dns_names) {
    out.emplace(x509::GeneralNameKind::dns, to_bytes(as_bytes(name)));
  }
  for (const auto& address : order.ip_addresses) {
    out.emplace(x509::GeneralNameKind::ip, to_bytes(address));
  }
  return out;
}

Names names_in(const x509::Certificate& certificate) {
  Names out;
  if (const auto names = x509::subject_alt_name(certificate.extensions()); names && *names) {
    for (const auto& name : **names) {
      out.emplace(name.kind, to_bytes(name.value));
    }
  }
  return out;
}

Instant::duration third_of_life(const x509::Certificate& certificate) {
  return (certificate.not_after() - certificate.not_before()) / 3;
}

/// The certificate that the files hold with its key; none: there is none, or they are damaged.
/// @error unavailable, storage: they cannot be read now; that is no reason to make others
Result<std::optional<x509::Certificate>> present(const std::filesystem::path& tls, const Secret& passphrase,
                                                 Files& files) {
  using Found = std::optional<x509::Certificate>;
  const auto identity = read_identity(files, tls, kName, passphrase);
  if (!identity) {
    return info(identity.error().code).errc == Errc::unavailable ? Result<Found>{fail(identity.error())} : Found{};
  }
  BM_TRY(auto certificate, x509::Certificate::read(identity->chain.front()));
  return Found{std::move(certificate)};
}

/// Settings that name nothing leave the names that there are: they were given once, to `init`.
bool names_fit(const x509::Certificate& certificate, const app::ServiceOrder& order, const Config& config) {
  return config.server_names == Config{}.server_names || names_in(certificate) == wanted_names(order);
}

/// Names of a certificate that goes on under the same ones.
void take_names(app::ServiceOrder& order, const x509::Certificate& certificate) {
  order.dns_names.clear();
  order.ip_addresses.clear();
  for (const auto& [kind, value] : names_in(certificate)) {
    const auto address = octets<4>(value);
    if (kind == x509::GeneralNameKind::ip && address) {
      order.ip_addresses.push_back(*address);
    } else if (kind == x509::GeneralNameKind::dns) {
      order.dns_names.emplace_back(as_text(value));
    }
  }
  if (!order.dns_names.empty()) {
    order.common_name = order.dns_names.front();
  }
}

/// A clock that runs ahead at a start must not replace what is good by what begins in the future (AC-10): where nothing
/// was issued for as long, nobody can tell it from a registry that was idle. @error clock_suspect
Result<void> time_is_plausible(const x509::Certificate& certificate, const ServerCertificatePorts& ports) {
  BM_TRY(const auto mark, ports.store.read_for<std::optional<Instant>>([](app::Tx& tx) { return tx.clock_mark(); }));
  return mark && ports.clock.now() - *mark < third_of_life(certificate)
             ? Result<void>{}
             : fail(Code::clock_suspect, "nothing was issued for months: if the clock is right, move server.pem away");
}

Result<bool> is_good(const x509::Certificate& certificate, app::Store& store) {
  return store.read_for<bool>([&](app::Tx& tx) -> Result<bool> {
    BM_TRY(const auto all, app::server_certificates(tx));
    return std::ranges::any_of(all, [&](const app::CertificateRecord& record) {
      return record.standing == lifecycle::Standing::live && equal(app::certificate_of(record), certificate.der());
    });
  });
}

/// One that another start was cut off behind among them.
Result<void> end_others(BytesView kept, const ServerCertificatePorts& ports) {
  const auto others = [&](app::Tx& tx) -> Result<std::vector<app::CertificateRecord>> {
    BM_TRY(auto all, app::server_certificates(tx));
    std::erase_if(all, [&](const app::CertificateRecord& record) {
      return record.standing == lifecycle::Standing::ended || equal(app::certificate_of(record), kept);
    });
    return all;
  };
  BM_TRY(const auto seen, ports.store.read_for<std::vector<app::CertificateRecord>>(others));
  if (seen.empty()) {
    return {};
  }
  return ports.store.write([&](app::Tx& tx) -> Result<void> {
    BM_TRY(auto left, others(tx));
    for (auto& record : left) {
      BM_CHECK(app::end_certificate(tx, record, "replaced certificate of the server",
                                    {ports.clock.now(), ports.store.epoch(), kActor}));
    }
    return {};
  });
}

}  // namespace

Result<ServerCertificate> ensure_server_certificate(const Config& config, const std::filesystem::path& tls,
                                                    const Secret& passphrase, const ServerCertificatePorts& ports) {
  auto order = order_for(config);
  BM_TRY(const auto there, present(tls, passphrase, ports.files));
  if (there && names_fit(*there, order, config)) {
    BM_TRY(const bool good, is_good(*there, ports.store));
    if (good && ports.clock.now() < there->not_after() - third_of_life(*there)) {
      BM_CHECK(end_others(there->der(), ports));
      return ServerCertificate::kept;
    }
    if (good) {
      BM_CHECK(time_is_plausible(*there, ports));
    }
    if (config.server_names == Config{}.server_names) {
      take_names(order, *there);
    }
  }
  BM_TRY(const auto made, make_identity(ports.files, tls, kName, passphrase, ports.hierarchy, order));
  BM_CHECK(end_others(made, ports));
  return ServerCertificate::made;
}

bool EndNotice::is_due(Instant now, Ticks ticks) {
  if (now + kFrom < until_ || (said_ && ticks - *said_ < kEvery)) {
    return false;
  }
  said_ = ticks;
  return true;
}

}  // namespace birthmark::daemon
