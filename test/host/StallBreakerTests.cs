using System.Net;
using System.Net.Sockets;
using Pyco.Host.Loop;
using Pyco.Posix;
using Pyco.Stack;

namespace Pyco.Host.Tests;

/// <summary>Nobody makes a loop wait by what he sends.</summary>
public sealed unsafe class StallBreakerTests
{
    [Test]
    public void A_descriptor_whose_close_would_wait_for_minutes_does_not_hold_the_loop()
    {
        int* ends = stackalloc int[2];
        Assert.That(Libc.socketpair(Constants.AfUnix, Constants.SockStream, 0, ends), Is.Zero);
        (int sender, int receiver) = (ends[0], ends[1]);
        using Socket peer = SendLingering(sender);

        bool isRead = false;
        var loopThread = new Thread(() =>
        {
            using EventLoop loop = new(TimeProvider.System);
            using StallBreaker breaker = new(loop);
            var reader = new Reader(receiver);
            loop.Add(reader, Constants.EpollIn);
            while (!reader.HasRead)
                loop.Turn(null);
            isRead = true;
        })
        {
            IsBackground = true,
        };
        loopThread.Start();

        Assert.That(loopThread.Join(TimeSpan.FromSeconds(60)), "the descriptor lingers for an hour");
        Assert.That(isRead);
        _ = Libc.close(sender);
        _ = Libc.close(receiver);
    }

    /// <summary>Sends a TCP socket that has unsent data, and keeps none of its descriptors; the peer, who does not read.</summary>
    private static Socket SendLingering(int through)
    {
        using var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen();
        var full = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        full.Connect(listener.LocalEndPoint!);
        Socket peer = listener.Accept();
        full.Blocking = false;
        byte[] octets = new byte[65536];
        SocketError error;
        do
            full.Send(octets, 0, octets.Length, SocketFlags.None, out error);
        while (error == SocketError.Success);
        byte octet = 1;
        Assert.That(DescriptorPassing.Send(through, &octet, 1, (int)full.Handle), Is.EqualTo((nint)1));
        int* linger = stackalloc int[2] { 1, 3600 };
        const int soLinger = 13;
        Assert.That(Libc.setsockopt((int)full.Handle, Constants.SolSocket, soLinger, linger, 2 * sizeof(int)), Is.Zero);
        // Not disposed of, which would give up the data first.
        _ = Libc.close((int)full.Handle);
        full.SafeHandle.SetHandleAsInvalid();
        return peer;
    }

    /// <summary>Reads without room for control messages.</summary>
    private sealed class Reader : EventSource
    {
        public Reader(int descriptor) => Descriptor = descriptor;

        public bool HasRead { get; private set; }

        public override void OnEvents(uint events, Instant now)
        {
            byte octet;
            Assert.That(Libc.recv(Descriptor, &octet, 1, Constants.MsgDontwait), Is.EqualTo((nint)1));
            HasRead = true;
        }
    }
}
