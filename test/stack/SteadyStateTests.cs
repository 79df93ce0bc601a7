using Pyco.Stack.Sockets;
using Pyco.Stack.Tests.Testing;
using Pyco.Stack.Wire;

namespace Pyco.Stack.Tests;

/// <summary>Once warm, a packet costs no managed memory, whatever it is.</summary>
public sealed class SteadyStateTests
{
    private const int WarmUp = 200;
    private const int Packets = 2000;

    /// <summary>The runtime allocates now and then where it compiles a method anew; a packet that allocates does so each time.</summary>
    private const int Tries = 3;

    [Test]
    public void Ping_allocates_nothing() =>
        AssertNothingAllocated(TestHost.RawIp(1, [8, 0, 0xf7, 0xff, 0, 0, 0, 0]), answers: 1);

    [Test]
    public void UDP_echo_allocates_nothing() => AssertNothingAllocated(TestHost.Udp(1000, 9, new byte[100]).Bytes, answers: 1);

    [Test]
    public void An_echo_reply_for_a_program_allocates_nothing() =>
        AssertNothingAllocated(TestHost.RawIp(1, [0, 0, 0xff, 0xf6, 0, 9, 0, 0]), answers: 1);

    [Test]
    public void UDP_echo_in_fragments_allocates_nothing()
    {
        byte[] datagram = new byte[3008];
        UdpHeader.Write(datagram, 1000, 9, null);
        AssertNothingAllocated(
            TestHost.RawIp(17, datagram[..1480], offset: 0, more: true),
            TestHost.RawIp(17, datagram[1480..2960], offset: 1480, more: true),
            TestHost.RawIp(17, datagram[2960..], offset: 2960));
    }

    [Test]
    public void A_refused_datagram_allocates_nothing() =>
        AssertNothingAllocated(TestHost.Udp(1000, 7, new byte[100]).Bytes, answers: 0);

    private static void AssertNothingAllocated(byte[] frame, int answers)
    {
        (int sent, int rounds) = AssertNothingAllocated([frame]);
        if (answers != 0)
            Assert.That(sent, Is.EqualTo(answers * rounds));
    }

    private static (int Sent, int Rounds) AssertNothingAllocated(params byte[][] frames)
    {
        using var host = new TestHost();
        host.MeetPeer();
        int sent = 0;
        int rounds = 0;
        host.Link.Forward = frame =>
        {
            sent++;
            frame.Dispose();
        };
        UdpSocket socket = host.OpenUdp();
        socket.Bind(TestHost.Endpoint("0.0.0.0", 9));
        EchoSocket echo = host.OpenEcho();
        echo.Bind(TestHost.Endpoint("0.0.0.0", 9));
        byte[] request = [8, 0, 0, 0, 0, 0, 0, 0];
        for (int count = 0; count < WarmUp; count++)
            Round();
        long allocated = long.MaxValue;
        for (int attempt = 0; attempt < Tries && allocated != 0; attempt++)
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            for (int count = 0; count < Packets; count++)
                Round();
            allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        }
        Assert.That(allocated, Is.Zero);
        return (sent, rounds);

        void Round()
        {
            rounds++;
            foreach (byte[] octets in frames)
            {
                Frame frame = host.Frames.Rent(headroom: 0);
                octets.CopyTo(frame.Append(octets.Length));
                host.Stack.Receive(frame, host.Now);
            }
            host.Stack.Advance(host.Now);
            while (host.Stack.TryTakeChanged(out StackSocket? changed))
                changed!.TakeEvents();
            while (socket.TryReceive(out Datagram datagram))
            {
                socket.Send(datagram.Frame.Octets, datagram.Source, host.Now);
                datagram.Dispose();
            }
            while (echo.TryReceive(out Datagram reply))
            {
                echo.Send(request, reply.Source, host.Now);
                reply.Dispose();
            }
            host.Stack.Advance(host.Now);
        }
    }
}
