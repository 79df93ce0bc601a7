using Pyco.Network;
using Pyco.Network.Capture;
using Pyco.Posix;

namespace Pyco.Cli.Net;

/// <summary>Carries a capture from the network to where it is to be written, until either ends.</summary>
internal sealed class CaptureTransfer(NetworkClient network, CaptureOutput output)
{
    /// <summary>More than the longest block, and than a socket holds.</summary>
    private const int BufferLength = 1 << 20;

    private readonly byte[] _buffer = GC.AllocateUninitializedArray<byte>(BufferLength);
    private readonly BlockTally _seen = new();
    private int _length;

    /// <summary>Frames that were written.</summary>
    public ulong Captured { get; private set; }

    /// <summary>Frames that were not: the network had no room for them, or the output none.</summary>
    public ulong Dropped => _seen.Dropped + (_seen.Packets - Captured);

    /// <summary>Whether all that belongs to the capture has come.</summary>
    public bool IsWhole => _seen.IsEnded;

    public void Run()
    {
        bool isEnding = false;
        while (true)
        {
            if (output.IsOpen && !WaitForMore())
                output.Leave();
            // Also after a failed write: the end tells how much is missing.
            if (!output.IsOpen && !isEnding)
            {
                network.EndAsking();
                isEnding = true;
            }
            int taken = network.Read(_buffer.AsSpan(_length));
            if (taken == 0)
                break;
            _length += taken;
            Pass();
        }
    }

    /// <summary>Waits for the network; false if the reader of the output has gone first.</summary>
    private unsafe bool WaitForMore()
    {
        if (network.HasReceived)
            return true;
        PollDescriptor* waiting = stackalloc PollDescriptor[2];
        waiting[0] = new PollDescriptor { Descriptor = network.Descriptor, Events = Constants.PollIn };
        waiting[1] = new PollDescriptor { Descriptor = output.Descriptor }; // tells only that nobody reads it any more
        while (waiting[0].Returned == 0 && waiting[1].Returned == 0)
            _ = Libc.poll(waiting, 2, -1);
        return waiting[1].Returned == 0;
    }

    /// <summary>Writes whole blocks, so that readers of the growing file find no halves.</summary>
    private void Pass()
    {
        int whole = _seen.Count(_buffer.AsSpan(0, _length));
        if (whole == 0)
            return;
        ReadOnlySpan<byte> blocks = _buffer.AsSpan(0, whole);
        if (output.IsOpen)
        {
            int written = output.Write(blocks);
            BlockTally tally = new();
            if (written == whole)
            {
                Captured = _seen.Packets;
            }
            else
            {
                output.CutBack(written - tally.Count(blocks[..written]));
                Captured += tally.Packets;
            }
        }
        _buffer.AsSpan(whole, _length - whole).CopyTo(_buffer);
        _length -= whole;
    }
}
