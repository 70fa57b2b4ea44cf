"""A client that is not ours agrees with our fake of EC2's metadata service.

usage: imds.py FAKE-IMDS

Runs where 169.254.169.254 is this machine's: the client has that built in.
"""

import subprocess
import sys
import urllib.error
import urllib.request

from ec2_metadata import ec2_metadata

ADDRESS = "169.254.169.254"
REGION = "eu-central-1"
USER_DATA = "[settings]\nmotd = 'hi'\n"
TTL = "X-aws-ec2-metadata-token-ttl-seconds"
URL = f"http://{ADDRESS}/latest"


def status(method, path, headers={}):
    request = urllib.request.Request(f"{URL}/{path}", method=method, headers=headers)
    try:
        return urllib.request.urlopen(request).status
    except urllib.error.HTTPError as error:
        return error.code


def main(fake_imds):
    command = [fake_imds, f"{ADDRESS}:80", REGION, USER_DATA]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert server.stdout.readline() == "listening\n"
        facts = {
            "region": REGION,
            "availability_zone": f"{REGION}a",
            "user_data": USER_DATA.encode(),
            "instance_id": "i-0123456789abcdef0",
            "instance_type": "m7i.large",
            "ami_id": "ami-0123456789abcdef0",
            "private_ipv4": "10.0.0.5",
            "account_id": "123456789012",
        }
        for name, expected in facts.items():
            found = getattr(ec2_metadata, name)
            assert found == expected, f"{name} is {found!r}, and not {expected!r}"
        # The client always has a token; what is without one gets nothing.
        assert status("GET", "user-data") == 401
        assert status("PUT", "api/token") == 400
        assert status("PUT", "api/token", {TTL: "60"}) == 200
    finally:
        server.kill()
        server.wait()


main(sys.argv[1])
