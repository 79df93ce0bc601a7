using Pyco.Posix;

namespace Pyco.Host.Loop;

/// <summary>
/// A socket of which the loop hears by edges, so that no system call is needed when a side stops to be ready. EPOLLOUT is
/// watched only while the other side is full: the kernel reports it with every read of it, and would wake us for nothing.
/// </summary>
internal abstract class SocketSource(EventLoop loop) : EventSource
{
    private const uint Watched = Constants.EpollIn | Constants.EpollPri | Constants.EpollRdhup | Constants.EpollEt;

    /// <summary>True until the descriptor is closed.</summary>
    public bool IsAttached => Descriptor >= 0;

    /// <summary>True while it waits for its next turn to move data.</summary>
    public bool IsToContinue { get; set; }

    /// <summary>False while the other side is full.</summary>
    protected bool MayWrite { get; private set; }

    /// <summary>Takes over the descriptor; false if the kernel cannot watch one more, and then it is closed.</summary>
    protected bool TryWatch(int descriptor)
    {
        Descriptor = descriptor;
        MayWrite = true;
        if (loop.TryAdd(this, Watched))
            return true;
        Close();
        return false;
    }

    /// <summary>The other side is full: an event tells when it takes more.</summary>
    protected void AwaitRoom()
    {
        MayWrite = false;
        loop.SetInterest(this, Watched | Constants.EpollOut);
    }

    /// <summary>Takes note if the event that <see cref="AwaitRoom"/> waits for has come.</summary>
    protected void NoteRoom(uint events)
    {
        if (MayWrite || (events & Constants.EpollOut) == 0)
            return;
        MayWrite = true;
        loop.SetInterest(this, Watched);
    }

    /// <summary>Ends our side, which the other side sees.</summary>
    protected void Close()
    {
        if (Descriptor < 0)
            return;
        loop.Remove(this);
        _ = Libc.close(Descriptor);
        Descriptor = -1;
    }
}
