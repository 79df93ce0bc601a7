using System.Net.Sockets;
using Pyco.Stack;
using Pyco.Stack.Sockets;
using Pyco.Stack.Wire;

namespace Pyco.Network.Tests.Gateway;

internal sealed class OutwardConnectionTests : GatewayTest
{
    private const int FewMegabytes = 8_000_000;

    [Test]
    public void Octets_go_out_and_come_in()
    {
        (TcpSocket host, Socket outside) = OpenConnection();
        byte[] toOutside = Noise(FewMegabytes), toHost = Noise(FewMegabytes);
        MemoryStream atOutside = new(), atHost = new();
        int sent = 0, received = 0;
        byte[] buffer = new byte[65536];
        Until(
            () =>
            {
                sent += Write(host, toOutside.AsSpan(sent));
                if (received < toHost.Length && outside.Poll(0, SelectMode.SelectWrite))
                    received += outside.Send(toHost.AsSpan(received), SocketFlags.None, out _);
                while (outside.Available > 0)
                    atOutside.Write(buffer, 0, outside.Receive(buffer));
                atHost.Write(Read(host));
                return atOutside.Length == toOutside.Length && atHost.Length == toHost.Length;
            },
            "all octets");
        Assert.That(atOutside.ToArray(), Is.EqualTo(toOutside).AsCollection);
        Assert.That(atHost.ToArray(), Is.EqualTo(toHost).AsCollection);
    }

    [Test]
    public void Urgent_octets_of_the_outside_stay_in_the_stream()
    {
        (TcpSocket host, Socket outside) = OpenConnection();
        outside.Send("before"u8);
        outside.Send("!"u8, SocketFlags.OutOfBand);
        outside.Send("behind"u8);
        Until(() => host.ReceivedOctets == 13, "what is behind the mark");
        Assert.That(Read(host), Is.EqualTo("before!behind"u8.ToArray()));
    }

    [Test]
    public void The_end_of_one_direction_leaves_the_other_open()
    {
        (TcpSocket host, Socket outside) = OpenConnection();
        Write(host, "question"u8);
        host.FinishSending(Now);
        byte[] buffer = new byte[100];
        int length = 0;
        Until(() => outside.Poll(0, SelectMode.SelectRead) && (length += outside.Receive(buffer, length, 50, SocketFlags.None)) >= 8, "the question");
        Until(() => outside.Poll(0, SelectMode.SelectRead) && outside.Receive(buffer) == 0, "its end");

        outside.Send("answer"u8);
        outside.Shutdown(SocketShutdown.Send);
        Until(() => host.ReceivedOctets == 6, "the answer");
        Assert.That(Read(host), Is.EqualTo("answer"u8.ToArray()));
        Until(() => EventsOf(host).HasFlag(SocketEvents.PeerFinished), "its end");
        Until(() => Gateway.Connections.Count == 0, "the gateway to forget it");
    }

    [Test]
    public void What_the_outside_says_first_and_its_end_arrive()
    {
        Socket listener = Listen(out IpEndpoint there);
        TcpSocket host = Dial(there);
        Until(() => listener.Poll(0, SelectMode.SelectRead), "the kernel's connection");
        using (Socket outside = listener.Accept())
            outside.Send("220 hello"u8); // before the host's handshake has ended
        Until(() => EventsOf(host).HasFlag(SocketEvents.PeerFinished), "the end");
        Assert.That(Read(host), Is.EqualTo("220 hello"u8.ToArray()));
    }

    [Test]
    public void A_reset_from_outside_is_one_for_the_host()
    {
        (TcpSocket host, Socket outside) = OpenConnection();
        outside.LingerState = new LingerOption(true, 0);
        outside.Close();
        Until(() => EventsOf(host).HasFlag(SocketEvents.Failed), "the reset");
        Assert.That(host.Error, Is.EqualTo(Errno.ECONNRESET));
        Until(() => Gateway.Connections.Count == 0, "the gateway to forget it");
    }

    [Test]
    public void A_reset_from_the_host_is_one_outside()
    {
        (TcpSocket host, Socket outside) = OpenConnection();
        host.Abort(Now);
        WakeHost();
        Until(() => outside.Poll(0, SelectMode.SelectRead), "the reset");
        SocketException reset = Assert.Throws<SocketException>(() => outside.Receive(new byte[1]))!;
        Assert.That(reset.SocketErrorCode, Is.EqualTo(SocketError.ConnectionReset));
        Assert.That(Gateway.Connections.Count, Is.Zero);
    }

    [Test]
    public void Where_nobody_listens_it_is_refused()
    {
        Listen(out IpEndpoint there).Close();
        TcpSocket host = Dial(there);
        Until(() => EventsOf(host).HasFlag(SocketEvents.Failed), "the refusal");
        Assert.That(host.Error, Is.EqualTo(Errno.ECONNREFUSED));
        Assert.That(Gateway.Connections.Failed, Is.EqualTo(1));
    }

    [Test]
    public void What_is_prohibited_is_unreachable_at_once_counted_and_told_but_not_every_time()
    {
        for (int attempt = 0; attempt < 3; attempt++)
        {
            TcpSocket host = Dial(new IpEndpoint(IpAddress.Parse("192.0.2.7"), 80));
            Until(() => EventsOf(host).HasFlag(SocketEvents.Failed), "the refusal");
            Assert.That(host.Error, Is.EqualTo(Errno.EHOSTUNREACH));
        }
        Assert.That(Gateway.Denied, Is.EqualTo(3));
        Assert.That(Log, Has.Count.EqualTo(1));
        Assert.That(Log[0], Does.Contain("may not reach 192.0.2.7:80 by TCP"));
    }

    [Test]
    public void When_the_network_ends_both_sides_see_a_reset()
    {
        (TcpSocket host, Socket outside) = OpenConnection();
        Gateway.Dispose();
        Until(() => EventsOf(host).HasFlag(SocketEvents.Failed), "the host's reset");
        Assert.That(outside.Poll(1_000_000, SelectMode.SelectRead), Is.True);
        Assert.Throws<SocketException>(() => outside.Receive(new byte[1]));
    }

    private static byte[] Noise(int length)
    {
        byte[] noise = new byte[length];
        TestContext.CurrentContext.Random.NextBytes(noise);
        return noise;
    }
}
