using System.Buffers.Binary;
using PacketDotNet;
using Pyco.Stack.Sockets;
using Pyco.Stack.Tests.Testing;
using Pyco.Stack.Wire;

namespace Pyco.Stack.Tests.Internet;

/// <summary>What a host tells of its groups (RFC 3376, and RFC 2236 and RFC 1112 where somebody asks in an older version).</summary>
public sealed class IgmpTests
{
    private const string First = "239.1.2.3";
    private const string Second = "239.4.5.6";
    private const string AllHosts = "224.0.0.1";
    private const string AllRouters = "224.0.0.2";
    private const string AllVersion3Routers = "224.0.0.22";

    private const byte Query = 0x11;
    private const byte Version1Report = 0x12;
    private const byte Version2Report = 0x16;
    private const byte Leave = 0x17;
    private const byte Version3Report = 0x22;

    private const byte IsExclude = 2;
    private const byte ToInclude = 3;
    private const byte ToExclude = 4;

    [Test]
    public void A_join_is_told_at_once_and_a_second_time_within_a_second()
    {
        using var host = new TestHost();
        Join(host, First);
        (string destination, byte[] report) = Messages(host).Single();
        Assert.That(destination, Is.EqualTo(AllVersion3Routers));
        Assert.That(report, Is.EqualTo(Report((ToExclude, First))));
        Assert.That(Messages(host, seconds: 1.001).Select(sent => sent.Message), Is.EqualTo(new[] { report }));
        Assert.That(Messages(host, seconds: 1000), Is.Empty);
    }

    [Test]
    public void Reports_have_one_hop_and_the_router_alert_option()
    {
        using var host = new TestHost();
        Join(host, First);
        EthernetPacket frame = host.LastSent();
        IPv4Packet packet = frame.Extract<IPv4Packet>();
        Assert.That(frame.DestinationHardwareAddress.ToString(), Is.EqualTo("01005E000016"));
        Assert.That((packet.TimeToLive, packet.TypeOfService, packet.HeaderLength), Is.EqualTo((1, 0xc0, 6)));
        Assert.That(packet.HeaderData[20..24], Is.EqualTo(new byte[] { 0x94, 4, 0, 0 }), "RFC 2113 §2.1");
        Assert.That(packet.ValidIPChecksum);
        Assert.That(packet.SourceAddress.ToString(), Is.EqualTo(TestHost.Address));
    }

    [Test]
    public void The_last_member_tells_twice_that_it_leaves()
    {
        using var host = new TestHost();
        UdpSocket one = Join(host, First);
        UdpSocket other = Join(host, First);
        Assert.That(Messages(host, seconds: 10), Has.Count.EqualTo(2), "the second member is nothing new");
        one.Close();
        Assert.That(Messages(host, seconds: 10), Is.Empty);
        other.Close();
        Assert.That(
            Messages(host, seconds: 1.001).Select(sent => sent.Message), Is.EqualTo(Enumerable.Repeat(Report((ToInclude, First)), 2)));
        Assert.That(Messages(host, seconds: 1000), Is.Empty);
    }

    [Test]
    public void Who_joins_again_takes_back_that_he_has_left()
    {
        using var host = new TestHost();
        UdpSocket socket = Join(host, First);
        _ = Messages(host, seconds: 10);
        socket.Multicast.Leave(IpAddress.Parse(First), IpAddress.AnyV4);
        host.Turn();
        socket.Multicast.Join(IpAddress.Parse(First), IpAddress.AnyV4);
        byte[][] expected = [Report((ToInclude, First)), Report((ToExclude, First)), Report((ToExclude, First))];
        Assert.That(Messages(host, seconds: 10).Select(sent => sent.Message), Is.EqualTo(expected));
    }

    [Test]
    public void All_hosts_and_groups_on_loopback_are_not_told()
    {
        using var host = new TestHost();
        UdpSocket socket = Join(host, AllHosts);
        Assert.That(socket.Multicast.Join(IpAddress.Parse(First), IpAddress.LoopbackV4), Is.EqualTo(Errno.None));
        Hear(host, AllHosts, Version3Query("0.0.0.0", code: 10));
        socket.Close();
        Assert.That(Messages(host, seconds: 10), Is.Empty);
    }

    [Test]
    public void A_query_for_all_groups_is_answered_once_in_its_time()
    {
        using var host = new TestHost();
        Join(host, First);
        Join(host, Second);
        _ = Messages(host, seconds: 10);
        Hear(host, AllHosts, Version3Query("0.0.0.0", code: 50));
        Hear(host, AllHosts, Version3Query("0.0.0.0", code: 50));
        Assert.That(Messages(host, seconds: 0), Is.Empty, "answers of many hosts must not come at the same moment");
        (string destination, byte[] answer) = Messages(host, seconds: 5.001).Single();
        Assert.That(destination, Is.EqualTo(AllVersion3Routers));
        Assert.That(answer, Is.EqualTo(Report((IsExclude, First), (IsExclude, Second))));
        Assert.That(Messages(host, seconds: 100), Is.Empty);
    }

    [Test]
    public void A_query_for_one_group_is_answered_by_its_members_alone()
    {
        using var host = new TestHost();
        Join(host, First);
        _ = Messages(host, seconds: 10);
        Hear(host, First, Version3Query(First, code: 10));
        Hear(host, Second, Version3Query(Second, code: 10));
        Assert.That(Messages(host, seconds: 1.001).Single().Message, Is.EqualTo(Report((IsExclude, First))));
    }

    [Test]
    public void A_bridge_that_asks_without_an_address_is_answered()
    {
        using var host = new TestHost();
        Join(host, First);
        _ = Messages(host, seconds: 10);
        host.Hear(TestHost.RawIp(2, Version3Query("0.0.0.0", code: 10), source: "0.0.0.0", destination: AllHosts));
        Assert.That(Messages(host, seconds: 1.001), Has.Count.EqualTo(1));
    }

    [TestCase(127, 12.7)]
    [TestCase(0x8f, 24.8, Description = "(15 | 16) << 3 tenths of a second")]
    [TestCase(0xff, 3174.4)]
    public void Large_times_to_answer_are_floating_point(byte code, double seconds)
    {
        double latest = 0;
        for (int seed = 0; seed < 40; seed++)
        {
            using var host = new TestHost(seed: seed);
            Join(host, First);
            _ = Messages(host, seconds: 10);
            Hear(host, AllHosts, Version3Query("0.0.0.0", code));
            TimeSpan start = host.Now - default(Instant);
            host.Trace.Clear();
            Assert.That(Messages(host, seconds + 0.001), Has.Count.EqualTo(1));
            latest = Math.Max(latest, double.Parse(host.Trace.Single().Split(' ')[0], null) - start.TotalSeconds);
        }
        Assert.That(latest, Is.InRange(seconds / 2, seconds), "of 40 moments at random");
    }

    [Test]
    public void To_a_querier_of_version_2_it_speaks_version_2_until_that_has_been_silent()
    {
        using var host = new TestHost();
        Hear(host, AllHosts, Version2Query("0.0.0.0"));
        UdpSocket socket = Join(host, First);
        (string, byte[]) report = (First, Message(Version2Report, First));
        Assert.That(Messages(host), Is.EqualTo(new[] { report }));
        Assert.That(Messages(host, seconds: 10.001), Is.EqualTo(new[] { report }), "once more");
        Hear(host, AllHosts, Version2Query("0.0.0.0", code: 20));
        Assert.That(Messages(host, seconds: 2.001), Is.EqualTo(new[] { report }), "the answer");
        socket.Close();
        Assert.That(Messages(host, seconds: 10), Is.EqualTo(new[] { (AllRouters, Message(Leave, First)) }));
        Join(host, Second);
        Assert.That(Messages(host, seconds: 245)[0].Message[0], Is.EqualTo(Version2Report));
        host.Wait(5);
        Join(host, First);
        Assert.That(Messages(host)[^1].Message, Is.EqualTo(Report((ToExclude, First))), "260 s after the last query");
    }

    [Test]
    public void In_version_2_one_members_report_is_enough()
    {
        using var host = new TestHost();
        UdpSocket socket = Join(host, First);
        _ = Messages(host, seconds: 10);
        Hear(host, AllHosts, Version2Query("0.0.0.0"));
        Hear(host, First, Message(Version2Report, First));
        Assert.That(Messages(host, seconds: 20), Is.Empty);
        socket.Close();
        Assert.That(Messages(host, seconds: 20), Is.Empty, "the other one is still there, and will leave");
    }

    [Test]
    public void In_version_3_every_member_reports()
    {
        using var host = new TestHost();
        Join(host, First);
        _ = Messages(host, seconds: 10);
        Hear(host, AllHosts, Version3Query("0.0.0.0", code: 100));
        Hear(host, First, Message(Version2Report, First));
        Assert.That(Messages(host, seconds: 10.001), Has.Count.EqualTo(1));
    }

    [Test]
    public void To_a_querier_of_version_1_it_speaks_version_1_and_leaves_in_silence()
    {
        using var host = new TestHost();
        UdpSocket socket = Join(host, First);
        _ = Messages(host, seconds: 10);
        Hear(host, AllHosts, Message(Query, "0.0.0.0"));
        Assert.That(Messages(host, seconds: 10.001), Is.EqualTo(new[] { (First, Message(Version1Report, First)) }));
        socket.Close();
        Assert.That(Messages(host, seconds: 20), Is.Empty);
    }

    [Test]
    public void When_the_link_is_back_all_groups_are_told_again()
    {
        using var host = new TestHost();
        Join(host, First);
        Join(host, Second);
        _ = Messages(host, seconds: 10);
        host.Stack.LinkRestored(host.Now);
        host.Turn();
        Assert.That(Messages(host).Single().Message, Is.EqualTo(Report((ToExclude, First), (ToExclude, Second))));
    }

    [Test]
    public void Reports_of_many_groups_are_no_larger_than_the_MTU()
    {
        const int groups = 400;
        using var host = new TestHost();
        for (int index = 0; index < groups; index++)
            Join(host, $"239.7.{index / 200}.{index % 200}");
        _ = Messages(host, seconds: 10);
        Hear(host, AllHosts, Version3Query("0.0.0.0", code: 10));
        host.Link.Sent.Clear();
        host.Wait(1.001);
        Assert.That(host.Link.Sent.Select(frame => frame.Length), Is.All.LessThanOrEqualTo(1514));
        IEnumerable<int> records = Messages(host).Select(sent => (int)BinaryPrimitives.ReadUInt16BigEndian(sent.Message.AsSpan(6)));
        Assert.That(records, Is.EqualTo(new[] { 183, 183, 34 }));
    }

    [Test]
    public void What_is_no_message_is_counted_and_no_more()
    {
        using var host = new TestHost();
        Join(host, First);
        _ = Messages(host, seconds: 10);
        byte[] broken = Version2Query("0.0.0.0");
        broken[2] ^= 1;
        Hear(host, AllHosts, broken);
        Hear(host, AllHosts, [Query, 10, 0]);
        Hear(host, AllHosts, Message(Leave, First));
        Hear(host, AllHosts, Message(Query, "0.0.0.0", code: 10, length: 10));
        Assert.That(Messages(host, seconds: 20), Is.Empty);
        StackCounters counters = host.Stack.Counters;
        Assert.That(
            (counters.Dropped(DropReason.BadIgmpChecksum), counters.Dropped(DropReason.MalformedIgmp), counters.Dropped(DropReason.IgnoredIgmp)),
            Is.EqualTo((1, 1, 2)));
    }

    [Test]
    public void Random_messages_do_no_harm()
    {
        using var host = new TestHost();
        Join(host, First);
        var random = new Random(7);
        for (int round = 0; round < 5000; round++)
        {
            byte[] message = new byte[random.Next(0, 40)];
            random.NextBytes(message);
            if (message.Length >= 8)
            {
                byte[] types = [Query, Version1Report, Version2Report, Leave, Version3Report, message[0]];
                message[0] = types[random.Next(types.Length)];
                if (random.Next(2) == 0)
                    IpAddress.Parse(First).WriteV4(message.AsSpan(4));
                WriteChecksum(message);
            }
            Hear(host, AllHosts, message);
            host.Wait(random.NextDouble());
        }
        host.Wait(4000); // the longest answer, and the end of older versions
        host.Link.Sent.Clear();
        Hear(host, AllHosts, Version3Query("0.0.0.0", code: 10));
        Assert.That(Messages(host, seconds: 1.001).Single().Message, Is.EqualTo(Report((IsExclude, First))));
    }

    private static UdpSocket Join(TestHost host, string group)
    {
        UdpSocket socket = host.OpenUdp();
        Assert.That(socket.Multicast.Join(IpAddress.Parse(group), IpAddress.AnyV4), Is.EqualTo(Errno.None));
        host.Turn();
        return socket;
    }

    private static void Hear(TestHost host, string destination, byte[] message) =>
        host.Hear(TestHost.RawIp(2, message, destination: destination));

    /// <summary>The IGMP messages, with their destinations, that have been sent since the last call and in the time that passes now.</summary>
    private static List<(string Destination, byte[] Message)> Messages(TestHost host, double seconds = 0)
    {
        host.Wait(seconds);
        List<(string, byte[])> messages = [];
        foreach (IPv4Packet packet in host.Link.Sent.Select(frame => TestHost.Parse(frame).Extract<IPv4Packet>()))
        {
            if (packet?.Protocol == ProtocolType.Igmp)
                messages.Add((packet.DestinationAddress.ToString(), packet.Bytes[(packet.HeaderLength * 4)..]));
        }
        host.Link.Sent.Clear();
        return messages;
    }

    private static byte[] Version2Query(string group, byte code = 100) => Message(Query, group, code);

    private static byte[] Version3Query(string group, byte code) => Message(Query, group, code, length: 12);

    private static byte[] Message(byte type, string group, byte code = 0, int length = 8)
    {
        byte[] message = new byte[length];
        (message[0], message[1]) = (type, code);
        IpAddress.Parse(group).WriteV4(message.AsSpan(4));
        WriteChecksum(message);
        return message;
    }

    private static byte[] Report(params (byte Type, string Group)[] records)
    {
        byte[] message = new byte[8 + (records.Length * 8)];
        (message[0], message[7]) = (Version3Report, (byte)records.Length);
        for (int index = 0; index < records.Length; index++)
        {
            message[8 + (index * 8)] = records[index].Type;
            IpAddress.Parse(records[index].Group).WriteV4(message.AsSpan(12 + (index * 8)));
        }
        WriteChecksum(message);
        return message;
    }

    /// <summary>RFC 1071, octet by octet.</summary>
    private static void WriteChecksum(byte[] message)
    {
        (message[2], message[3]) = (0, 0);
        uint sum = 0;
        for (int index = 0; index < message.Length; index++)
            sum += (uint)message[index] << (index % 2 == 0 ? 8 : 0);
        while (sum >> 16 != 0)
            sum = (sum & 0xffff) + (sum >> 16);
        BinaryPrimitives.WriteUInt16BigEndian(message.AsSpan(2), (ushort)~sum);
    }
}
