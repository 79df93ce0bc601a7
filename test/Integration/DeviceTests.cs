using Pyco.Integration.Tests.Support;

namespace Pyco.Integration.Tests;

/// <summary>Protocols of small devices, all over UDP: their servers ask which address a datagram came to (IP_PKTINFO).</summary>
[TestFixture(WireKind.StockSwitch)]
[TestFixture(WireKind.OwnNetwork)]
internal sealed class DeviceTests(WireKind kind) : WireTest(kind)
{
    [Test]
    public void A_CoAP_server_answers_over_UDP_TCP_and_to_a_group()
    {
        const string allCoapNodes = "224.0.1.187";
        string server = Wire.FreshAddress();
        Wire.RunAt(server, "coap-server-notls", "-g", allCoapNodes);
        Wire.WaitUntilListening(server, 5683);

        string list = Coap("-m", "get", $"coap://{server}/.well-known/core");
        Coap("-m", "put", "-e", "warm", $"coap://{server}/example_data");

        Assert.That(list, Does.Contain("</time>"));
        Assert.That(Coap("-m", "get", $"coap://{server}/example_data"), Is.EqualTo("warm\n"));
        Assert.That(Coap("-m", "get", $"coap+tcp://{server}/example_data"), Is.EqualTo("warm\n"));
        // Who is asked in a group waits for up to 5 s, so that not all answer at once (RFC 7252 §8.2).
        Assert.That(Coap("-N", "-B", "7", "-m", "get", $"coap://{allCoapNodes}/time"), Does.Match(@"\d\d:\d\d:\d\d"));
    }

    [Test]
    public void An_SNMP_agent_tells_its_location_and_its_address()
    {
        string agent = Wire.FreshAddress();
        string configuration = Wire.Write("snmpd.conf", "agentaddress udp:161\nrocommunity public\nsysLocation attic\n");
        RunningProgram daemon = Wire.RunAt(agent, "snmpd", "-f", "-Lo", "-C", "-c", configuration, "-p", Wire.PathOf("snmpd.pid"));
        daemon.WaitForOutput("NET-SNMP version");

        string location = Wire.RunAt(Wire.FreshAddress(), "snmpget", "-v2c", "-cpublic", agent, "1.3.6.1.2.1.1.6.0").Succeed();
        string addresses = Wire.RunAt(Wire.FreshAddress(), "snmpwalk", "-v2c", "-cpublic", agent, "1.3.6.1.2.1.4.20.1.1").Succeed();

        Assert.That(location, Does.EndWith("STRING: \"attic\"\n"));
        Assert.That(addresses, Does.Contain($"IpAddress: {agent}\n").And.Contain("IpAddress: 127.0.0.1\n"));
    }

    [Test]
    public void A_TFTP_server_answers_each_client_from_a_socket_of_its_own()
    {
        string server = Wire.FreshAddress();
        string file = Wire.WriteRandom("tftp/firmware", 200_000);
        RunningProgram daemon = Wire.RunAt(server, "atftpd", "--daemon", "--no-fork", "--logfile", "-", Wire.PathOf("tftp"));
        daemon.WaitForOutput("server started");

        RunningProgram[] clients =
        [
            .. Enumerable.Range(0, 4).Select(number => Wire.RunAt(
                Wire.FreshAddress(), "curl", "-sS", "--fail", "--max-time", "50", "-o", $"fetched{number}", $"tftp://{server}/firmware")),
        ];

        for (int number = 0; number < clients.Length; number++)
        {
            clients[number].Succeed();
            Assert.That(Programs.Hash(Wire.PathOf($"fetched{number}")), Is.EqualTo(Programs.Hash(file)));
        }
    }

    private string Coap(params IEnumerable<string> request) =>
        Wire.RunAt(Wire.FreshAddress(), ["coap-client-notls", .. request]).Succeed();
}
