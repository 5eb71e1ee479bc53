// SPDX-License-Identifier: Apache-2.0
#include "contract/store_contract.h"

namespace birthmark::test {

GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(StoreContract);

using namespace app;
using lifecycle::DeviceRecord;
using lifecycle::Purpose;

// --- rows come back as they went in ---

TEST_P(StoreContract, a_ca_comes_back_with_every_field_and_its_name_is_unique) {
  const auto id = put<CaId>([](Tx& tx) { return tx.add_ca(sample_ca()); });
  auto ca = get<std::optional<CaRecord>>([&](Tx& tx) { return tx.ca(id); });
  ASSERT_TRUE(ca);
  EXPECT_EQ(ca->id, id);
  EXPECT_EQ(ca->profile, pki::ProfileId::batch_ca);
  EXPECT_EQ(ca->name, "acme/plant-1");
  EXPECT_EQ(ca->parent, CaId{7});
  EXPECT_EQ(ca->batch, BatchId{3});
  EXPECT_EQ(ca->state, CaState::held);
  EXPECT_EQ(ca->generation, 2U);
  EXPECT_EQ(ca->list_bits, 20);
  EXPECT_EQ(ca->key, "key-of-it");
  EXPECT_TRUE(ca->key_destroyed);
  EXPECT_EQ(ca->issues_until, at_second(1));
  EXPECT_EQ(ca->certificate, (Bytes{1, 0, 2}));
  ca->assigned = 77;
  ca->parent.reset();
  ca->certificate.clear();
  run([&](Tx& tx) { return tx.update_ca(*ca); });
  EXPECT_EQ(get<std::vector<CaRecord>>([](Tx& tx) { return tx.cas(); }).at(0).certificate, Bytes{}) << "not made yet";
  EXPECT_EQ(get<std::vector<CaRecord>>([](Tx& tx) { return tx.cas(); }).at(0).assigned, 77U);
  EXPECT_FALSE(get<std::vector<CaRecord>>([](Tx& tx) { return tx.cas(); }).at(0).parent);
  EXPECT_EQ(refusal([](Tx& tx) { return without_value(tx.add_ca(sample_ca())); }), Code::conflict);
  ca->id = CaId{99};
  EXPECT_EQ(refusal([&](Tx& tx) { return tx.update_ca(*ca); }), Code::not_found);
}

TEST_P(StoreContract, a_product_is_put_by_name) {
  const ProductRecord product{.id = {}, .name = "pump", .policy = "a = 1", .policy_hash = digest_of(1)};
  const auto id = put<ProductId>([&](Tx& tx) { return tx.put_product(product); });
  auto changed = product;
  changed.policy = "a = 2";
  EXPECT_EQ(put<ProductId>([&](Tx& tx) { return tx.put_product(changed); }), id);
  const auto products = get<std::vector<ProductRecord>>([](Tx& tx) { return tx.products(); });
  ASSERT_EQ(products.size(), 1U);
  EXPECT_EQ(products[0].policy, "a = 2");
  EXPECT_EQ(products[0].policy_hash, digest_of(1));
}

TEST_P(StoreContract, a_batch_comes_back_with_its_budget) {
  auto batch = sample_batch();
  batch.budget.id = put<BatchId>([&](Tx& tx) { return tx.add_batch(batch); });
  auto stored = get<std::optional<BatchRecord>>([&](Tx& tx) { return tx.batch(batch.budget.id); });
  ASSERT_TRUE(stored);
  EXPECT_EQ(stored->budget, batch.budget);
  EXPECT_EQ(stored->manufacturing_ca, CaId{11});
  EXPECT_EQ(stored->list, batch.list);
  EXPECT_EQ(stored->operational_ca, CaId{12});
  stored->budget.rate.reset();
  stored->budget.issued = 900;
  run([&](Tx& tx) { return tx.update_batch(*stored); });
  const auto again = get<std::optional<BatchRecord>>([](Tx& tx) { return tx.batch_named("B-1"); });
  ASSERT_TRUE(again);
  EXPECT_EQ(again->budget, stored->budget);
  EXPECT_FALSE(get<std::optional<BatchRecord>>([](Tx& tx) { return tx.batch_named("B-2"); }));
  EXPECT_EQ(refusal([](Tx& tx) { return without_value(tx.add_batch(sample_batch())); }), Code::conflict);
  EXPECT_EQ(get<std::vector<BatchRecord>>([](Tx& tx) { return tx.batches(); }).size(), 1U);
}

TEST_P(StoreContract, a_plan_lists_hardware_of_its_batch_only) {
  const std::array hardware{digest_of(1), digest_of(2), digest_of(1)};
  run([&](Tx& tx) { return tx.add_plan(BatchId{1}, hardware); });
  EXPECT_EQ(get<std::size_t>([](Tx& tx) { return tx.plan_size(BatchId{1}); }), 2U);
  EXPECT_EQ(get<std::size_t>([](Tx& tx) { return tx.plan_size(BatchId{2}); }), 0U);
  EXPECT_TRUE(get<bool>([](Tx& tx) { return tx.in_plan(BatchId{1}, digest_of(2)); }));
  EXPECT_FALSE(get<bool>([](Tx& tx) { return tx.in_plan(BatchId{2}, digest_of(2)); }));
  EXPECT_FALSE(get<bool>([](Tx& tx) { return tx.in_plan(BatchId{1}, digest_of(3)); }));
}

TEST_P(StoreContract, a_station_is_put_by_name_and_found_by_key) {
  const auto id = put<StationId>([](Tx& tx) { return tx.put_station(sample_station()); });
  EXPECT_EQ(put<StationId>([](Tx& tx) { return tx.put_station(sample_station("line-1", 5)); }), id);
  EXPECT_FALSE(get<std::optional<StationRecord>>([](Tx& tx) { return tx.station_of(digest_of(1, 1)); }));
  auto station = get<std::optional<StationRecord>>([](Tx& tx) { return tx.station_of(digest_of(5, 1)); });
  ASSERT_TRUE(station);
  EXPECT_EQ(station->role, StationRole::lock_check);
  EXPECT_EQ(station->batch, BatchId{2});
  EXPECT_EQ(station->shift_from, 360);
  EXPECT_EQ(station->shift_to, 840);
  EXPECT_EQ(station->not_after, at_second(5));
  station->strikes = 3;
  run([&](Tx& tx) { return tx.update_station(*station); });
  EXPECT_EQ(get<std::vector<StationRecord>>([](Tx& tx) { return tx.stations(); }).at(0).strikes, 3U);
  EXPECT_EQ(refusal([](Tx& tx) { return without_value(tx.put_station(sample_station("line-2", 5))); }), Code::conflict);
}

TEST_P(StoreContract, a_device_comes_back_by_row_and_by_id) {
  auto device = sample_device(1);
  device.row = add_device(1);
  EXPECT_EQ(get<std::optional<DeviceRecord>>([&](Tx& tx) { return tx.device(device.row); }), device);
  EXPECT_EQ(get<std::optional<DeviceRecord>>([&](Tx& tx) { return tx.device(device.id); }), device);
  EXPECT_FALSE(get<std::optional<DeviceRecord>>([](Tx& tx) { return tx.device(DeviceRow{9}); }));
  EXPECT_EQ(refusal([](Tx& tx) { return without_value(tx.add_device(sample_device(1))); }), Code::conflict);
}

TEST_P(StoreContract, devices_are_paged_in_row_order_without_gaps) {
  for (std::uint32_t i = 1; i <= 5; ++i) {
    EXPECT_EQ(add_device(i), DeviceRow{i});
  }
  const auto page = get<std::vector<DeviceRecord>>([](Tx& tx) { return tx.devices(DeviceRow{2}, 2); });
  ASSERT_EQ(page.size(), 2U);
  EXPECT_EQ(page[0].row, DeviceRow{3});
  EXPECT_EQ(page[1].row, DeviceRow{4});
  EXPECT_TRUE(get<std::vector<DeviceRecord>>([](Tx& tx) { return tx.devices(DeviceRow{5}, 2); }).empty());
}

TEST_P(StoreContract, only_the_writer_who_saw_the_stored_version_wins) {  // AC-32
  auto device = sample_device(1);
  device.row = add_device(1);
  device.version = 2;
  device.state = lifecycle::State::suspended;
  run([&](Tx& tx) { return tx.update_device(device); });
  auto late = device;
  late.state = lifecycle::State::decommissioned;
  EXPECT_EQ(refusal([&](Tx& tx) { return tx.update_device(late); }), Code::conflict);
  late.version = 4;
  EXPECT_EQ(refusal([&](Tx& tx) { return tx.update_device(late); }), Code::conflict);
  late.version = 0;
  EXPECT_EQ(refusal([&](Tx& tx) { return tx.update_device(late); }), Code::conflict);
  EXPECT_EQ(get<std::optional<DeviceRecord>>([&](Tx& tx) { return tx.device(device.row); }), device);
}

TEST_P(StoreContract, roots_and_findings_are_replaced_in_place) {
  RootRecord root{
      .device = DeviceRow{3}, .ak_public = {1, 2, 3}, .hardware_serial = "VND:aki:1", .provisioned_by = StationId{5}};
  run([&](Tx& tx) { return tx.put_root(root); });
  root.provisioned_by.reset();
  run([&](Tx& tx) { return tx.put_root(root); });
  const auto stored = get<std::optional<RootRecord>>([](Tx& tx) { return tx.root(DeviceRow{3}); });
  ASSERT_TRUE(stored);
  EXPECT_EQ(stored->ak_public, (Bytes{1, 2, 3}));
  EXPECT_EQ(stored->hardware_serial, "VND:aki:1");
  for (const std::string serial : {"VND:aki:2", "OTHER:aki:1", "no maker", "", ":", "a::"}) {
    root.hardware_serial = serial;
    run([&](Tx& tx) { return tx.put_root(root); });
    EXPECT_EQ(get<std::optional<RootRecord>>([](Tx& tx) { return tx.root(DeviceRow{3}); })->hardware_serial, serial);
  }
  EXPECT_FALSE(stored->provisioned_by);

  const auto findings = [&](Purpose purpose) {
    return get<std::optional<Bytes>>([&](Tx& tx) { return tx.findings(DeviceRow{3}, purpose); });
  };
  run([&](Tx& tx) { return tx.put_findings(DeviceRow{3}, Purpose::retire, at_second(1), Bytes{1}); });
  run([&](Tx& tx) { return tx.put_findings(DeviceRow{3}, Purpose::retire, at_second(2), Bytes{2}); });
  run([&](Tx& tx) { return tx.put_findings(DeviceRow{4}, Purpose::provision, at_second(2), Bytes{}); });
  EXPECT_EQ(findings(Purpose::retire), (Bytes{2}));
  EXPECT_FALSE(findings(Purpose::provision));
}

TEST_P(StoreContract, the_rsa_endorsement_keys_of_a_batch_are_listed_and_no_others) {
  const auto rows = put<std::vector<DeviceRow>>([](Tx& tx) -> Result<std::vector<DeviceRow>> {
    std::vector<DeviceRow> out;
    for (std::uint8_t i = 0; i < 4; ++i) {
      auto device = sample_device(i);
      device.batch = BatchId{i == 3 ? 8U : 7U};
      BM_TRY(const auto row, tx.add_device(device));
      out.push_back(row);
      RootRecord root{.device = row, .ak_public = Bytes{1}, .hardware_serial = "A:B:C", .provisioned_by = {}};
      root.ek_modulus = i == 1 ? Bytes{} : Bytes(256, static_cast<std::uint8_t>(i + 1));
      BM_CHECK(tx.put_root(root));
    }
    return out;
  });
  const auto listed = get<std::vector<RootRecord>>([](Tx& tx) { return tx.rsa_roots(BatchId{7}); });
  ASSERT_EQ(listed.size(), 2U);
  EXPECT_EQ(listed[0].device, rows[0]);
  EXPECT_EQ(listed[1].device, rows[2]);
  EXPECT_EQ(listed[1].ek_modulus, Bytes(256, 3));
  EXPECT_TRUE(get<std::vector<RootRecord>>([](Tx& tx) { return tx.rsa_roots(BatchId{9}); }).empty());
}

TEST_P(StoreContract, a_digest_belongs_to_one_device_for_ever) {  // design rule 1
  const Known first{KnownKind::ak_name, DeviceRow{1}};
  run([&](Tx& tx) { return tx.add_known(digest_of(1), first); });
  run([&](Tx& tx) { return tx.add_known(digest_of(1), first); });
  EXPECT_EQ(refusal([](Tx& tx) {
              return tx.add_known(digest_of(1), {KnownKind::ak_name, DeviceRow{2}});
            }),
            Code::conflict);
  const auto known = get<std::optional<Known>>([](Tx& tx) { return tx.known(digest_of(1)); });
  ASSERT_TRUE(known);
  EXPECT_EQ(known->kind, KnownKind::ak_name);
  EXPECT_EQ(known->device, DeviceRow{1});
  EXPECT_FALSE(get<std::optional<Known>>([](Tx& tx) { return tx.known(digest_of(2)); }));
}

TEST_P(StoreContract, a_certificate_comes_back_whole_and_registering_it_changes_what_may_change) {
  const auto add = [&](std::uint32_t number) {
    return put<CertificateRow>([&](Tx& tx) { return tx.add_certificate(sample_certificate(number, DeviceRow{1})); });
  };
  add(1);
  const auto row = add(2);
  auto record = get<std::optional<CertificateRecord>>([&](Tx& tx) { return tx.certificate(CaId{1}, 2); });
  ASSERT_TRUE(record);
  const auto sample = sample_certificate(2, DeviceRow{1});
  EXPECT_EQ(record->row, row);
  EXPECT_EQ(record->serial, sample.serial);
  EXPECT_EQ(record->profile, sample.profile);
  EXPECT_EQ(record->device, sample.device);
  EXPECT_EQ(record->kind, sample.kind);
  EXPECT_EQ(record->purpose, sample.purpose);
  EXPECT_EQ(record->issuance, IssuanceState::intended);
  EXPECT_TRUE(record->counted);
  EXPECT_EQ(record->spki, sample.spki);
  EXPECT_EQ(record->profile_hash, sample.profile_hash);
  EXPECT_EQ(record->not_before, sample.not_before);
  EXPECT_EQ(record->not_after, sample.not_after);
  EXPECT_EQ(record->appraised_at, sample.appraised_at);
  EXPECT_EQ(record->tbs, sample.tbs);
  EXPECT_TRUE(record->signature.empty());

  record->issuance = IssuanceState::registered;
  record->signature = {9, 9};
  record->published = lifecycle::Status::admitted;
  record->standing = lifecycle::Standing::ended;
  record->log_index = 1234;
  record->counted = false;
  auto other = *record;
  other.tbs = {1};  // fixed by the intent
  other.spki = digest_of(0);
  run([&](Tx& tx) { return tx.update_certificate(other); });
  const auto stored = get<std::vector<CertificateRecord>>([](Tx& tx) { return tx.certificates_of(DeviceRow{1}); });
  ASSERT_EQ(stored.size(), 2U);
  EXPECT_EQ(stored[1].issuance, IssuanceState::registered);
  EXPECT_EQ(stored[1].signature, (Bytes{9, 9}));
  EXPECT_EQ(stored[1].published, lifecycle::Status::admitted);
  EXPECT_EQ(stored[1].standing, lifecycle::Standing::ended);
  EXPECT_EQ(stored[1].log_index, 1234U);
  EXPECT_FALSE(stored[1].counted);
  EXPECT_EQ(stored[1].tbs, sample.tbs);
  EXPECT_EQ(stored[1].spki, sample.spki);
  EXPECT_TRUE(stored[0].signature.empty());
  other.row = CertificateRow{99};
  EXPECT_EQ(refusal([&](Tx& tx) { return tx.update_certificate(other); }), Code::not_found);
}

TEST_P(StoreContract, heads_are_the_certificates_without_their_bytes) {
  auto without_device = sample_certificate(3, DeviceRow{});
  without_device.purpose.reset();
  const auto row = put<CertificateRow>([&](Tx& tx) -> Result<CertificateRow> {
    BM_CHECK(tx.add_certificate(sample_certificate(1, DeviceRow{1})));
    BM_CHECK(tx.add_certificate(without_device));
    return tx.add_certificate(sample_certificate(2, DeviceRow{1}));
  });
  auto record = get<std::optional<CertificateRecord>>([&](Tx& tx) { return tx.certificate(row); }).value();
  record.signature = {9, 9};
  run([&](Tx& tx) { return tx.update_certificate(record); });
  CertificateHead head = record;
  head.issuance = IssuanceState::registered;
  head.published = lifecycle::Status::admitted;
  head.standing = lifecycle::Standing::ended;
  head.log_index = 1234;
  head.counted = !record.counted;
  head.not_after = at_second(1);  // fixed by the intent
  run([&](Tx& tx) { return tx.update_head(head); });
  head.not_after = record.not_after;

  const auto whole = get<std::vector<CertificateRecord>>([](Tx& tx) { return tx.certificates_of(DeviceRow{1}); });
  const auto heads = get<std::vector<CertificateHead>>([](Tx& tx) { return tx.heads_of(DeviceRow{1}); });
  ASSERT_EQ(heads.size(), 2U);
  EXPECT_EQ(heads[1], head);
  EXPECT_EQ(heads, (std::vector<CertificateHead>{whole.at(0), whole.at(1)}));
  EXPECT_EQ(whole[1].signature, (Bytes{9, 9})) << "it stays";
  EXPECT_TRUE(get<std::vector<CertificateHead>>([](Tx& tx) { return tx.heads_of(DeviceRow{}); }).empty());
  head.row = CertificateRow{99};
  EXPECT_EQ(refusal([&](Tx& tx) { return tx.update_head(head); }), Code::not_found);
}

TEST_P(StoreContract, certificates_with_other_profiles_hashes_and_without_a_device_keep_what_is_theirs) {
  auto odd = sample_certificate(2, DeviceRow{});
  odd.profile_hash = digest_of(1, 4);
  odd.purpose.reset();
  odd.tbs = {};
  run([&](Tx& tx) { return without_value(tx.add_certificate(sample_certificate(1, DeviceRow{1}))); });
  run([&](Tx& tx) { return without_value(tx.add_certificate(odd)); });
  const auto record = get<std::optional<CertificateRecord>>([](Tx& tx) { return tx.certificate(CertificateRow{2}); });
  ASSERT_TRUE(record);
  EXPECT_EQ(record->profile_hash, digest_of(1, 4));
  EXPECT_EQ(record->device, DeviceRow{});
  EXPECT_FALSE(record->purpose);
  EXPECT_TRUE(record->tbs.empty());
  EXPECT_TRUE(get<std::vector<CertificateRecord>>([](Tx& tx) { return tx.certificates_of(DeviceRow{}); }).empty());
}

TEST_P(StoreContract, the_key_of_a_certificate_comes_back_whether_or_not_its_bytes_tell_it) {
  const auto told = sample_with_key(2), other = sample_with_key(3);
  auto odd = other;
  odd.spki = digest_of(77);
  const auto rows = put<std::vector<CertificateRow>>([&](Tx& tx) -> Result<std::vector<CertificateRow>> {
    BM_TRY(const auto first, tx.add_certificate(told));
    BM_CHECK(tx.add_request({digest_of(1), octets_of(1), told.spki, first, at_second(5)}));
    BM_CHECK(tx.add_request({digest_of(1), octets_of(2), digest_of(5), first, at_second(5)}));
    BM_TRY(const auto second, tx.add_certificate(odd));
    BM_CHECK(tx.add_request({digest_of(1), octets_of(3), odd.spki, second, at_second(5)}));
    return std::vector{first, second};
  });
  EXPECT_EQ(get<std::optional<CertificateRecord>>([&](Tx& tx) { return tx.certificate(rows[0]); })->spki, told.spki);
  EXPECT_EQ(get<std::optional<CertificateRecord>>([&](Tx& tx) { return tx.certificate(rows[1]); })->spki, odd.spki);
  const auto of_ca = get<std::vector<CertificateRecord>>([&](Tx& tx) { return tx.certificates_of(told.ca); });
  ASSERT_EQ(of_ca.size(), 2U);
  EXPECT_EQ(of_ca[0].row, rows[0]);
  EXPECT_EQ(of_ca[0].spki, told.spki);
  EXPECT_EQ(of_ca[1].spki, odd.spki) << "the key that is stored counts";
  EXPECT_TRUE(get<std::vector<CertificateRecord>>([](Tx& tx) { return tx.certificates_of(CaId{999}); }).empty());
  const auto key = [&](std::uint8_t id) {
    return get<std::optional<RequestRecord>>([&](Tx& tx) { return tx.request(digest_of(1), octets_of(id)); })->key;
  };
  EXPECT_EQ(key(1), told.spki);
  EXPECT_EQ(key(2), digest_of(5));
  EXPECT_EQ(key(3), odd.spki);
}

TEST_P(StoreContract, an_index_of_a_ca_is_taken_once) {  // AC-12
  run([](Tx& tx) { return without_value(tx.add_certificate(sample_certificate(1, DeviceRow{1}))); });
  EXPECT_EQ(refusal([](Tx& tx) { return without_value(tx.add_certificate(sample_certificate(1, DeviceRow{2}))); }),
            Code::conflict);
  run([](Tx& tx) { return without_value(tx.add_certificate(sample_certificate(1, DeviceRow{1}, CaId{2}))); });
  EXPECT_FALSE(get<std::optional<CertificateRecord>>([](Tx& tx) { return tx.certificate(CaId{2}, 2); }));
}

TEST_P(StoreContract, unsettled_certificates_are_found_by_their_state) {  // AC-11
  for (std::uint32_t i = 1; i <= 3; ++i) {
    auto record = sample_certificate(i, DeviceRow{1});
    record.row = put<CertificateRow>([&](Tx& tx) { return tx.add_certificate(record); });
    record.issuance = static_cast<IssuanceState>(i - 1);
    run([&](Tx& tx) { return tx.update_certificate(record); });
  }
  const auto in = [&](IssuanceState state) {
    return get<std::vector<CertificateRecord>>([&](Tx& tx) { return tx.certificates_in(state); });
  };
  ASSERT_EQ(in(IssuanceState::intended).size(), 1U);
  EXPECT_EQ(in(IssuanceState::intended)[0].index, 1U);
  ASSERT_EQ(in(IssuanceState::orphaned).size(), 1U);
  EXPECT_EQ(in(IssuanceState::orphaned)[0].index, 3U);
}

TEST_P(StoreContract, a_request_keeps_its_answer) {
  const app::KeptAnswer answer{201, Bytes{'{', 0, '}'}};
  const RequestRecord request{digest_of(1), octets_of(2), digest_of(3), CertificateRow{0}, at_second(5), answer};
  run([&](Tx& tx) { return tx.add_request(request); });
  const auto found = get<std::optional<RequestRecord>>([](Tx& tx) { return tx.request(digest_of(1), octets_of(2)); });
  ASSERT_TRUE(found);
  EXPECT_EQ(found->answer, answer);
  EXPECT_EQ(found->certificate, CertificateRow{0});
}

TEST_P(StoreContract, a_request_is_found_by_caller_and_id_and_the_later_one_counts) {
  RequestRecord request{digest_of(1), octets_of(2), digest_of(3), CertificateRow{4}, at_second(5)};
  run([&](Tx& tx) { return tx.add_request(request); });
  request.certificate = CertificateRow{6};
  run([&](Tx& tx) { return tx.add_request(request); });
  const auto found = get<std::optional<RequestRecord>>([](Tx& tx) { return tx.request(digest_of(1), octets_of(2)); });
  ASSERT_TRUE(found);
  EXPECT_EQ(found->certificate, CertificateRow{6});
  EXPECT_EQ(found->key, digest_of(3));
  EXPECT_EQ(found->at, at_second(5));
  EXPECT_FALSE(found->answer);
  EXPECT_FALSE(get<std::optional<RequestRecord>>([](Tx& tx) { return tx.request(digest_of(2), octets_of(2)); }));
  EXPECT_FALSE(get<std::optional<RequestRecord>>([](Tx& tx) { return tx.request(digest_of(1), octets_of(3)); }));
}

TEST_P(StoreContract, an_appraisal_is_used_up_by_the_first_who_takes_it) {
  run([](Tx& tx) {
    return tx.put_appraisal(
        {DeviceRow{1}, digest_of(2), Purpose::revalidate, at_second(3), lifecycle::FirmwareVersion{4}});
  });
  const auto take = [&](std::uint32_t key) {
    return put<std::optional<AppraisalRecord>>([&](Tx& tx) { return tx.take_appraisal(DeviceRow{1}, digest_of(key)); });
  };
  EXPECT_FALSE(take(9));
  const auto seen =
      get<std::optional<AppraisalRecord>>([](Tx& tx) { return tx.appraisal(DeviceRow{1}, digest_of(2)); });
  ASSERT_TRUE(seen) << "looking does not use it up";
  EXPECT_EQ(seen->at, at_second(3));
  EXPECT_FALSE(get<std::optional<AppraisalRecord>>([](Tx& tx) { return tx.appraisal(DeviceRow{2}, digest_of(2)); }));
  const auto taken = take(2);
  ASSERT_TRUE(taken);
  EXPECT_EQ(taken->purpose, Purpose::revalidate);
  EXPECT_EQ(taken->at, at_second(3));
  EXPECT_EQ(taken->firmware, lifecycle::FirmwareVersion{4});
  EXPECT_FALSE(take(2));
}

TEST_P(StoreContract, the_clock_mark_is_absent_until_it_is_set) {
  EXPECT_FALSE(get<std::optional<Instant>>([](Tx& tx) { return tx.clock_mark(); }));
  run([](Tx& tx) { return tx.set_clock_mark(at_second(7)); });
  EXPECT_EQ(get<std::optional<Instant>>([](Tx& tx) { return tx.clock_mark(); }), at_second(7));
}

// --- transactions ---

TEST_P(StoreContract, a_failing_work_undoes_all_it_did_and_keeps_its_error) {
  audit(1);
  const auto before = store().log_span().value();
  std::vector<Committed> heard;
  store().set_listener([&](const Committed& committed) {
    heard.push_back(committed);
    return Result<void>{};
  });
  const auto refused = store().write([](Tx& tx) -> Result<void> {
    BM_CHECK(tx.add_device(sample_device(1)));
    BM_CHECK(tx.add_known(digest_of(1), {KnownKind::ek_spki, DeviceRow{1}}));
    BM_CHECK(tx.audit(sample_entry(2)));
    BM_CHECK(tx.publish(sample_publication(1)));
    return fail(Code::quota_exhausted, "no more", "why");
  });
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error(), (Error{Code::quota_exhausted, "no more", "why"}));
  EXPECT_TRUE(get<std::vector<DeviceRecord>>([](Tx& tx) { return tx.devices(DeviceRow{}, 10); }).empty());
  EXPECT_FALSE(get<std::optional<Known>>([](Tx& tx) { return tx.known(digest_of(1)); }));
  EXPECT_EQ(store().log_span().value(), before);
  EXPECT_TRUE(heard.empty());
  EXPECT_EQ(add_device(1), DeviceRow{1}) << "a row id was lost";
}

TEST_P(StoreContract, a_work_sees_what_it_wrote_and_readers_do_not_until_it_is_over) {
  run([&](Tx& tx) -> Result<void> {
    BM_TRY(const auto row, tx.add_device(sample_device(1)));
    BM_TRY(const auto mine, tx.device(row));
    EXPECT_TRUE(mine);
    return {};
  });
  EXPECT_TRUE(get<std::optional<DeviceRecord>>([](Tx& tx) { return tx.device(DeviceRow{1}); }));
}

TEST_P(StoreContract, a_reader_cannot_write) {
  const std::vector<std::function<Result<void>(Tx&)>> writes{
      [](Tx& tx) { return tx.set_clock_mark(at_second(1)); },
      [](Tx& tx) { return without_value(tx.add_device(sample_device(1))); },
      [](Tx& tx) { return without_value(tx.add_ca(sample_ca())); },
      [](Tx& tx) { return without_value(tx.put_product({})); },
      [](Tx& tx) { return without_value(tx.audit(sample_entry(1))); },
      [](Tx& tx) { return tx.publish(sample_publication(1)); },
      [](Tx& tx) { return tx.add_known(digest_of(1), {}); },
  };
  for (std::size_t i = 0; i < writes.size(); ++i) {
    const auto done = store().read(writes[i]);
    ASSERT_FALSE(done) << i;
    EXPECT_EQ(done.error().code, Code::storage) << i;
  }
  EXPECT_TRUE(get<std::vector<DeviceRecord>>([](Tx& tx) { return tx.devices(DeviceRow{}, 10); }).empty());
}

TEST_P(StoreContract, a_write_inside_a_write_is_refused) {
  EXPECT_EQ(refusal([&](Tx&) { return store().write([](Tx&) { return Result<void>{}; }); }), Code::unavailable);
}

TEST_P(StoreContract, an_older_epoch_is_fenced_and_changes_nothing) {  // AC-31
  add_device(1);
  subject_->fence();
  bool ran = false;
  EXPECT_EQ(refusal([&](Tx& tx) {
              ran = true;
              return without_value(tx.add_device(sample_device(2)));
            }),
            Code::fenced);
  EXPECT_FALSE(ran);
  EXPECT_EQ(get<std::vector<DeviceRecord>>([](Tx& tx) { return tx.devices(DeviceRow{}, 10); }).size(), 1U);
}

}  // namespace birthmark::test
