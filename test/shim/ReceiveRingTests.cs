using Pyco.Host.Bridge;
using Pyco.Host.Protocol;

namespace Pyco.Shim.Tests;

/// <summary>Both sides of a ring in shared memory: what the host writes, programs take, each once and in its order.</summary>
internal sealed unsafe class ReceiveRingTests
{
    private static readonly nuint Begin = unchecked((nuint)0UL - (2 * ReceiveRing.DataOctets)); // the counts pass their end soon

    private ReceiveRingWriter _host = null!;
    private SharedMapping _program = null!;

    [SetUp]
    public void MakeRing()
    {
        _host = ReceiveRingWriter.TryCreate(1, Begin, cookie: 1)!;
        _program = new SharedMapping(_host.Descriptor);
    }

    [TearDown]
    public void EndRing()
    {
        _host.Dispose();
        Assert.That(_program.Ring->IsClosed, Is.EqualTo(1));
        _program.Dispose();
    }

    [Test]
    public void What_is_written_is_seen_when_it_is_shown()
    {
        Write([1, 2, 3]);
        Assert.That(Take(), Is.Null);
        _host.Show();
        Assert.That(Take(), Is.EqualTo(new byte[] { 1, 2, 3 }));
        Assert.That(Take(), Is.Null);
    }

    [Test]
    public void To_look_takes_nothing()
    {
        Write([7]);
        _host.Show();
        Assert.That(Take(isLook: true), Is.EqualTo(new byte[] { 7 }));
        Assert.That(Take(), Is.EqualTo(new byte[] { 7 }));
        Assert.That(Take(isLook: true), Is.Null);
    }

    [Test]
    public void Random_datagrams_arrive_in_order_wherever_they_stand()
    {
        Random random = new(20);
        Queue<byte[]> expected = new();
        for (int step = 0; step < 20_000; step++)
        {
            byte[] payload = new byte[random.Next(10) == 0 ? random.Next(65508) : random.Next(200)];
            random.NextBytes(payload);
            if (random.Next(5) < 3 && Write(payload))
                expected.Enqueue(payload);
            _host.Show();
            if (random.Next(2) == 0)
                Assert.That(Take(), Is.EqualTo(expected.TryDequeue(out byte[]? oldest) ? oldest : null));
        }
        while (expected.TryDequeue(out byte[]? payload))
            Assert.That(Take(), Is.EqualTo(payload));
        Assert.That(Take(), Is.Null);
    }

    [Test]
    public void An_empty_ring_takes_the_longest_datagram_wherever_it_has_got_to([Values(0, 1, 8, 64, 72, 1000)] int length)
    {
        byte[] payload = new byte[length];
        byte[] longest = new byte[65507];
        for (nuint used = 0; used < ReceiveRing.DataOctets / 4; used = _host.Tail - Begin)
        {
            ReceiveRingWriter other = ReceiveRingWriter.TryCreate(1, _host.Tail, cookie: 1)!;
            Assert.That(other.TryWrite(default, longest), Is.True, $"after {used} octets");
            other.Dispose();
            Write(payload);
            _host.Show();
            Assert.That(Take(), Is.EqualTo(payload));
        }
    }

    [Test]
    public void A_full_ring_takes_no_more_until_something_is_taken()
    {
        byte[] payload = new byte[1000];
        int count = 0;
        while (Write(payload))
            count++;
        _host.Show();
        Assert.That(count, Is.EqualTo(ReceiveRing.DataOctets / (sizeof(ReceiveRecord) + payload.Length)));
        Assert.That(ReceiveRingReader.HasHalfFree(_program.Ring), Is.False);
        for (int taken = 0; taken < count; taken++)
            Assert.That(Take(), Has.Length.EqualTo(payload.Length));
        Assert.That(ReceiveRingReader.HasHalfFree(_program.Ring), Is.True);
        Assert.That(Write(payload), Is.True);
    }

    [Test]
    public void A_short_buffer_gets_the_first_octets_and_hears_the_whole_length()
    {
        Write([1, 2, 3, 4, 5]);
        _host.Show();
        byte* room = stackalloc byte[4];
        room[2] = room[3] = 99;
        IoVector* vectors = stackalloc IoVector[2];
        vectors[0] = new() { Base = room, Length = 1 };
        vectors[1] = new() { Base = room + 1, Length = 1 };
        MessageHeader message = new() { Vectors = vectors, VectorCount = 2 };
        DatagramHeader header;
        Assert.That(ReceiveRingReader.Take(_program.Ring, &header, &message, isLook: false), Is.EqualTo((nint)5));
        Assert.That((room[0], room[1], room[2], room[3]), Is.EqualTo(((byte)1, (byte)2, (byte)99, (byte)99)));
    }

    [Test]
    public void Nonsense_is_taken_away_with_what_stands_behind_it()
    {
        Write([1]);
        Write([2]);
        _host.Show();
        *(uint*)((byte*)_program.Ring + ReceiveRing.HeaderOctets) = 1 << 24;
        Assert.That(Take(), Is.Null);
        Assert.That(_host.IsEmpty, Is.True);
        Write([3]);
        _host.Show();
        Assert.That(Take(), Is.EqualTo(new byte[] { 3 }));
    }

    [Test]
    public void An_error_is_taken_alone_only_where_it_is_the_oldest()
    {
        _host.TryWrite(new DatagramHeader { Error = 111 }, []);
        Write([1]);
        _host.TryWrite(new DatagramHeader { Error = 111 }, []);
        _host.Show();
        Assert.That(ReceiveRingReader.TryTakeError(_program.Ring), Is.True);
        Assert.That(ReceiveRingReader.TryTakeError(_program.Ring), Is.False);
        Assert.That(Take(), Is.EqualTo(new byte[] { 1 }));
        Assert.That(ReceiveRingReader.TryTakeError(_program.Ring), Is.True);
        Assert.That(_host.IsEmpty, Is.True);
    }

    [Test]
    public void Nonsense_in_the_memory_leads_neither_side_out_of_it()
    {
        Random random = new(21);
        byte[] payload = new byte[500];
        for (int round = 0; round < 20_000; round++)
        {
            ulong* words = (ulong*)_program.Ring;
            words[random.Next(2) * 8] = random.Next(2) == 0 ? (ulong)random.NextInt64() : _host.Tail + (ulong)random.Next(-300_000, 300_000);
            uint* data = (uint*)((byte*)words + ReceiveRing.HeaderOctets);
            data[random.Next(ReceiveRing.DataOctets / sizeof(uint))] = (uint)random.NextInt64();
            data[2 * (random.Next(ReceiveRing.DataOctets / 8))] = random.Next(2) == 0 ? ReceiveRing.WrapMark : (uint)random.Next(300_000);
            Write(payload);
            _host.Show();
            _ = Take();
        }
    }

    [Test]
    public void Several_threads_take_each_datagram_once([Values(1, 3)] int takers)
    {
        const int count = 100_000;
        byte[] seen = new byte[count];
        int taken = 0;
        Thread[] threads = [.. Enumerable.Range(0, takers).Select(_ => new Thread(() =>
        {
            int last = -1;
            while (Volatile.Read(ref taken) < count)
            {
                if (Take() is not { } payload)
                {
                    Thread.Yield();
                    continue;
                }
                int number = BitConverter.ToInt32(payload);
                Assert.That(number, Is.GreaterThan(last));
                Assert.That(payload.AsSpan(sizeof(int)).IndexOfAnyExcept((byte)number), Is.EqualTo(-1));
                last = number;
                seen[number]++;
                Interlocked.Increment(ref taken);
            }
        }))];
        foreach (Thread thread in threads)
            thread.Start();
        Random random = new(22);
        for (int number = 0; number < count; number++)
        {
            byte[] payload = new byte[sizeof(int) + random.Next(300)];
            payload.AsSpan().Fill((byte)number);
            BitConverter.TryWriteBytes(payload, number);
            while (!Write(payload))
            {
                _host.Show();
                Thread.Yield();
            }
            if (random.Next(20) == 0 || number == count - 1)
                _host.Show();
        }
        foreach (Thread thread in threads)
            Assert.That(thread.Join(TimeSpan.FromSeconds(60)), Is.True);
        Assert.That(seen, Has.All.EqualTo((byte)1));
    }

    private bool Write(byte[] payload) => _host.TryWrite(default, payload);

    private byte[]? Take(bool isLook = false)
    {
        byte[] room = new byte[65507];
        fixed (byte* start = room)
        {
            IoVector vector = new() { Base = start, Length = (nuint)room.Length };
            MessageHeader message = new() { Vectors = &vector, VectorCount = 1 };
            DatagramHeader header;
            nint length = ReceiveRingReader.Take(_program.Ring, &header, &message, isLook);
            return length < 0 ? null : room[..(int)Math.Min(length, room.Length)];
        }
    }

    /// <summary>The ring's memory once more, as a program has it.</summary>
    private sealed class SharedMapping(int descriptor) : IDisposable
    {
        public ReceiveRingHeader* Ring { get; } = (ReceiveRingHeader*)Kernel.MapShared(0, ReceiveRing.WholeOctets, descriptor);

        public void Dispose() => Kernel.UnmapMemory((nint)Ring, ReceiveRing.WholeOctets);
    }
}
