using System.Runtime.InteropServices;
using Pyco.Posix;
using Pyco.Stack.Wire;

namespace Pyco.Vde;

/// <summary>
/// Takes the datagrams that wait on a socket with one recvmmsg(2), each into a frame of its own. A count below what was
/// asked for says that nothing is left, which would else cost a call of its own before the first frame is looked at.
/// </summary>
internal sealed unsafe class FrameBatch : IDisposable
{
    public const int Capacity = 64;

    private readonly FramePool _pool;

    // Rented and known to the kernel structures, until a datagram has come into them.
    private readonly Frame?[] _prepared = new Frame?[Capacity];
    private MultiMessageHeader* _messages;
    private IoVector* _vectors;

    public FrameBatch(FramePool pool)
    {
        _pool = pool;
        _messages = (MultiMessageHeader*)NativeMemory.AllocZeroed(Capacity, (nuint)sizeof(MultiMessageHeader));
        _vectors = (IoVector*)NativeMemory.AllocZeroed(Capacity, (nuint)sizeof(IoVector));
        for (int index = 0; index < Capacity; index++)
        {
            _messages[index].Header.Vectors = &_vectors[index];
            _messages[index].Header.VectorCount = 1;
        }
    }

    /// <summary>Takes what waits and is an Ethernet frame; the caller owns it.</summary>
    /// <param name="descriptor">The socket.</param>
    /// <param name="frames">Where to put them.</param>
    /// <param name="counters">Counts what was taken, and what was none.</param>
    /// <returns>How many were taken.</returns>
    public int Receive(int descriptor, Span<Frame> frames, PlugCounters counters)
    {
        int asked = Math.Min(frames.Length, Capacity);
        for (int index = 0; index < asked; index++)
        {
            if (_prepared[index] is null)
                Prepare(index);
        }
        // On ECONNRESET the switch's socket was closed; the control connection will say what that means.
        int received = Libc.recvmmsg(
            descriptor, _messages, (uint)asked, Constants.MsgDontwait | Constants.MsgTrunc, timeout: null);
        int taken = 0;
        for (int index = 0; index < received; index++)
        {
            uint length = _messages[index].Length;
            if (length < EthernetHeader.Length || length > _vectors[index].Length)
            {
                counters.DroppedMalformed++;
                continue;
            }
            Frame frame = _prepared[index]!;
            _prepared[index] = null;
            _ = frame.Append((int)length);
            frames[taken++] = frame;
        }
        counters.FramesReceived += taken;
        return taken;
    }

    public void Dispose()
    {
        foreach (Frame? frame in _prepared)
            frame?.Dispose();
        Array.Clear(_prepared);
        NativeMemory.Free(_messages);
        NativeMemory.Free(_vectors);
        _messages = null;
        _vectors = null;
    }

    private void Prepare(int index)
    {
        Frame frame = _pool.Rent();
        Span<byte> room = frame.Tailroom;
        // The pool's slabs are pinned for their whole life.
        fixed (byte* start = room)
            _vectors[index] = new IoVector { Base = start, Length = (nuint)room.Length };
        _prepared[index] = frame;
    }
}
