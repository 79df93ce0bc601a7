using System.Diagnostics;
using Pyco.Host.Bridge;
using Pyco.Host.Protocol;

namespace Pyco.Shim.Tests;

/// <summary>Both sides of a ring in shared memory: what programs write, the host takes, each once and in its order.</summary>
internal sealed unsafe class SendRingTests
{
    private SendRingReader _host = null!;
    private SendRingHeader* _ring;

    [SetUp]
    public void MakeRing()
    {
        _host = SendRingReader.TryCreate(null!)!;
        _ring = (SendRingHeader*)Kernel.MapShared(0, SendRing.WholeOctets, _host.Descriptor);
    }

    [TearDown]
    public void EndRing()
    {
        _host.Dispose();
        Assert.That(_ring->IsClosed, Is.EqualTo(1));
        Kernel.UnmapMemory((nint)_ring, SendRing.WholeOctets);
    }

    [Test]
    public void A_header_goes_before_the_payload()
    {
        DatagramHeader header = default;
        header.TimeToLive = 17;
        Assert.That(Write([1, 2, 3], &header), Is.True);
        byte[] message = Take()!;
        Assert.That(message, Has.Length.EqualTo(sizeof(DatagramHeader) + 3));
        Assert.That(message.AsSpan(sizeof(DatagramHeader)).ToArray(), Is.EqualTo(new byte[] { 1, 2, 3 }));
        fixed (byte* start = message)
            Assert.That(((DatagramHeader*)start)->TimeToLive, Is.EqualTo(17));
        Assert.That(Take(), Is.Null);
    }

    [Test]
    public void The_payload_is_gathered_from_its_pieces()
    {
        byte* octets = stackalloc byte[] { 1, 2, 3, 4 };
        IoVector* pieces = stackalloc IoVector[3];
        pieces[0] = new() { Base = octets + 2, Length = 2 };
        pieces[1] = new() { Base = null, Length = 0 };
        pieces[2] = new() { Base = octets, Length = 2 };
        MessageHeader message = new() { Vectors = pieces, VectorCount = 3 };
        Assert.That(SendRingWriter.TryWrite(_ring, &message, null, 4), Is.True);
        Assert.That(Take(), Is.EqualTo(new byte[] { 3, 4, 1, 2 }));
    }

    [Test]
    public void Random_messages_arrive_in_order_wherever_they_stand()
    {
        Random random = new(20);
        Queue<byte[]> expected = new();
        for (int step = 0; step < 50_000; step++)
        {
            byte[] payload = new byte[random.Next(10) == 0 ? random.Next(SendRing.LongestMessage + 1) : random.Next(200)];
            random.NextBytes(payload);
            if (random.Next(5) < 3 && Write(payload))
                expected.Enqueue(payload);
            if (random.Next(2) == 0)
                Assert.That(Take(), Is.EqualTo(expected.TryDequeue(out byte[]? oldest) ? oldest : null));
        }
        while (expected.TryDequeue(out byte[]? payload))
            Assert.That(Take(), Is.EqualTo(payload));
        Assert.That(Take(), Is.Null);
    }

    [Test]
    public void A_full_ring_takes_no_more_until_something_is_taken()
    {
        byte[] payload = new byte[1000];
        int count = 0;
        while (Write(payload))
            count++;
        Assert.That(count, Is.EqualTo(SendRing.DataOctets / (sizeof(SendRecord) + payload.Length)));
        for (int taken = 0; taken < 2; taken++)
            Assert.That(Take(), Has.Length.EqualTo(payload.Length));
        Assert.That(Write(payload), Is.True);
    }

    [Test]
    public void What_is_longer_than_the_longest_message_is_not_taken()
    {
        DatagramHeader header = default;
        Assert.That(Write(new byte[SendRing.LongestMessage]), Is.True);
        Assert.That(Write(new byte[SendRing.LongestMessage + 1]), Is.False);
        Assert.That(Write(new byte[SendRing.LongestMessage - sizeof(DatagramHeader)], &header), Is.True);
        Assert.That(Write(new byte[SendRing.LongestMessage - sizeof(DatagramHeader) + 1], &header), Is.False);
    }

    [Test]
    public void Nothing_is_written_behind_a_message_that_makes_a_detour()
    {
        SendRingWriter.AnnounceDetour(_ring);
        SendRingWriter.AnnounceDetour(_ring);
        Assert.That(Write([1]), Is.False);
        _host.NoteDetour();
        Assert.That(Write([1]), Is.False);
        SendRingWriter.TakeDetourBack(_ring);
        Assert.That(Write([1]), Is.True);
    }

    [Test]
    public void A_ring_that_somebody_else_writes_to_takes_nothing()
    {
        _ring->Lock = 1;
        Assert.That(Write([1]), Is.False);
        SendRingWriter.Release(ref _ring->Lock);
        Assert.That(Write([1]), Is.True);
    }

    [Test]
    public void The_host_asks_for_a_bell_only_if_there_is_nothing_and_each_time_anew()
    {
        Assert.That(_host.TryArm(), Is.True);
        int wish = _ring->WantsBell;
        Assert.That(wish, Is.Not.Zero);
        Write([1]);
        Assert.That(_host.IsReady, Is.True);
        Assert.That(_host.TryArm(), Is.False);
        Assert.That(_ring->WantsBell, Is.Zero);
        _ = Take();
        Assert.That(_host.IsReady, Is.False);
        Assert.That(_host.TryArm(), Is.True);
        Assert.That(_ring->WantsBell, Is.Not.Zero.And.Not.EqualTo(wish));
    }

    [Test]
    public void An_end_that_no_message_reaches_does_not_keep_the_host_awake()
    {
        _ring->Tail = 5;
        Assert.That(Take(), Is.Null);
        Assert.That(_host.IsReady, Is.False);
        Assert.That(_host.TryArm(), Is.True);
    }

    [Test]
    public void Nonsense_in_the_memory_leads_neither_side_out_of_it()
    {
        Random random = new(21);
        byte[] payload = new byte[500];
        int taken = 0;
        for (int round = 0; round < 50_000; round++)
        {
            ulong* words = (ulong*)_ring;
            ulong tail = _ring->Tail;
            if (random.Next(4) == 0)
                words[random.Next(2) * 8] = random.Next(2) == 0 ? (ulong)random.NextInt64() : tail + (ulong)random.Next(-300_000, 300_000);
            uint* data = (uint*)((byte*)words + SendRing.HeaderOctets);
            data[random.Next(SendRing.DataOctets / sizeof(uint))] = (uint)random.NextInt64();
            data[2 * random.Next(SendRing.DataOctets / 8)] = random.Next(2) == 0 ? SendRing.WrapMark : (uint)random.Next(300_000);
            _ring->DetoursSent = _ring->DetoursTaken;
            Write(payload);
            for (int attempt = 0; attempt < 5 && Take() is { } message; attempt++)
            {
                Assert.That(message, Has.Length.AtMost(SendRing.LongestMessage));
                taken++;
            }
        }
        Assert.That(taken, Is.GreaterThan(1000), "some of it made sense");
    }

    [Test]
    public void Several_threads_write_each_message_once_and_in_its_order()
    {
        const int count = 30_000, writers = 3;
        Thread[] threads = [.. Enumerable.Range(0, writers).Select(writer => new Thread(() =>
        {
            for (int number = 0; number < count; number++)
            {
                byte[] payload = new byte[(2 * sizeof(int)) + (number % 100)];
                payload.AsSpan().Fill((byte)number);
                BitConverter.TryWriteBytes(payload, writer);
                BitConverter.TryWriteBytes(payload.AsSpan(sizeof(int)), number);
                while (!Write(payload))
                    Thread.Yield();
            }
        }))];
        foreach (Thread thread in threads)
            thread.Start();
        int[] next = new int[writers];
        Stopwatch clock = Stopwatch.StartNew();
        while (next.Sum() < writers * count)
        {
            Assert.That(clock.Elapsed, Is.LessThan(TimeSpan.FromSeconds(60)), "something is missing");
            if (Take() is not { } payload)
            {
                Thread.Yield();
                continue;
            }
            int writer = BitConverter.ToInt32(payload), number = BitConverter.ToInt32(payload, sizeof(int));
            Assert.That(number, Is.EqualTo(next[writer]++));
            Assert.That(payload.AsSpan(2 * sizeof(int)).IndexOfAnyExcept((byte)number), Is.EqualTo(-1));
        }
        foreach (Thread thread in threads)
            Assert.That(thread.Join(TimeSpan.FromSeconds(60)), Is.True);
        Assert.That(Take(), Is.Null);
    }

    private bool Write(byte[] payload, DatagramHeader* header = null)
    {
        fixed (byte* start = payload)
        {
            IoVector vector = new() { Base = start, Length = (nuint)payload.Length };
            MessageHeader message = new() { Vectors = &vector, VectorCount = 1 };
            return SendRingWriter.TryWrite(_ring, &message, header, (nuint)payload.Length);
        }
    }

    private byte[]? Take()
    {
        byte[] room = new byte[SendRing.LongestMessage];
        return _host.TryTake(room, out int length) ? room[..length] : null;
    }
}
