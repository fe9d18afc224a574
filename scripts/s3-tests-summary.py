"""Counts the results of ceph/s3-tests by feature: s3-tests-summary.py RESULTS.xml [--failures]"""
import re
import sys
import xml.etree.ElementTree as ElementTree

# The first that fits names a test's feature. Those that Trellis does not serve come first, since a
# test that turns on versioning and then checks a condition tells nothing about conditions.
NOT_SERVED = [
    ("versioning", r"versioning|versioned|version_if|current_if|current_object_if|object_current_if|delete_marker|object_put_acl_mtime|return_data_versioning"),
    ("object lock", r"object_lock"),
    ("lifecycle", r"lifecycle"),
    ("access logs", r"logging"),
    ("customer and KMS keys", r"kms|sse_c|sse-c|encrypted_transfer|encryption_key_no_sse|enc_conflict"),
    ("bucket policy", r"policy|tags_acl_public|tags_obj_public|block_public"),
    ("archive, cloud tiers, torrent", r"restore|read_through|cloud|torrent"),
    ("statistics of RGW", r"usage|head_extended"),
]
SERVED = [
    ("encryption at rest (SSE-S3)", r"sse_s3|encryption_s3|copy_enc|copy_part_enc|sse-s3"),
    ("POST forms", r"post_object"),
    ("CORS", r"cors"),
    ("checksums, GetObjectAttributes", r"cksum|checksum|attributes"),
    ("conditional reads and writes", r"if_?match|if_?none?_?match|conditional|ifmodified|ifunmodified"),
    ("tagging", r"tag"),
    ("object ownership", r"ownership|bucket_owner_|object_writer"),
    ("ACLs, anonymous access", r"acl|anon|access_bucket|raw_|public|expected_bucket_owner"),
    ("multipart, part copy", r"multipart|upload_part|resend"),
    ("copy", r"copy"),
    ("listing", r"list|key_count"),
    ("ranges, atomicity", r"range|atomic"),
    ("buckets and their names", r"bucket"),
    ("objects, headers, signatures", r""),
]


def feature(name):
    for served, groups in ((False, NOT_SERVED), (True, SERVED)):
        for group, pattern in groups:
            if re.search(pattern, name):
                return served, group


def main():
    results = {}
    for case in ElementTree.parse(sys.argv[1]).getroot().iter("testcase"):
        kinds = {child.tag for child in case}
        state = "failed" if kinds & {"failure", "error"} else "skipped" if "skipped" in kinds else "passed"
        if results.get(case.get("name")) != "failed":
            results[case.get("name")] = state
    counts = {}
    for name, state in results.items():
        counts.setdefault(feature(name), {"passed": 0, "failed": 0, "skipped": 0})[state] += 1
    print("\n| feature | passed | failed | skipped by the suite |\n|---|---|---|---|")
    for served, groups in ((True, SERVED), (False, NOT_SERVED)):
        for group, _ in groups:
            if (served, group) in counts:
                count = counts[served, group]
                label = group if served else f"not served: {group}"
                print(f"| {label} | {count['passed']} | {count['failed']} | {count['skipped']} |")
    total = {state: list(results.values()).count(state) for state in ("passed", "failed", "skipped")}
    print(f"| all {len(results)} | {total['passed']} | {total['failed']} | {total['skipped']} |")
    print("\nfailed, of features that are served:")
    for name, state in sorted(results.items()):
        if state == "failed" and (feature(name)[0] or "--failures" in sys.argv):
            print(f"  {name}")
    print(f"\n{total['passed']} passed, {total['failed']} failed, {total['skipped']} skipped")


main()
