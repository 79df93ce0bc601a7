using Pyco.Host.Loop;
using Pyco.Host.Protocol;
using Pyco.Posix;
using Pyco.Stack;
using Pyco.Stack.Sockets;

namespace Pyco.Host.Bridge;

/// <summary>A program's socket as the host knows it: its kernel name, its socket in the stack, and the wire between.</summary>
internal abstract class ProgramSocket(SocketBridge bridge, SocketKey key) : EventSource
{
    /// <summary>
    /// Edge-triggered, so that no system call is needed when a side stops to be ready. EPOLLOUT is watched only while the
    /// program's side is full: the kernel reports it with every read of the program, and would wake us for nothing.
    /// </summary>
    private const uint Watched = Constants.EpollIn | Constants.EpollRdhup | Constants.EpollEt;

    private bool _isCounted;

    public SocketKey Key { get; } = key;

    public bool IsV6 => Key.IsV6;

    public abstract StackSocket Stack { get; }

    /// <summary>True if the host has an end of its own, whose closing tells that the program has let go.</summary>
    public bool IsAttached => Descriptor >= 0;

    /// <summary>The port under which <see cref="SocketTable"/> keeps it, or 0.</summary>
    public ushort ClaimedPort { get; set; }

    /// <summary>True while it waits for its next turn to move data.</summary>
    public bool IsToContinue { get; set; }

    protected SocketBridge Bridge { get; } = bridge;

    /// <summary>The stack says that something has changed.</summary>
    public abstract void OnStackEvents(SocketEvents events, Instant now);

    /// <summary>bind(2).</summary>
    public abstract Errno Bind(Stack.Wire.IpEndpoint local);

    /// <summary>The program has let go of a socket that the host has no end of.</summary>
    public abstract void Abandon(Instant now);

    /// <summary>True while a program holds this socket.</summary>
    public virtual bool IsHeld() =>
        IsAttached || KernelSockets.IsAlive(Bridge.Names.Program(Key), Key.KernelType);

    /// <summary>Takes over the option bits that the kernel socket holds.</summary>
    public virtual void Apply(RequestFlags flags)
    {
        Stack.ReuseAddress = flags.HasFlag(RequestFlags.ReuseAddress);
        Stack.ReusePort |= flags.HasFlag(RequestFlags.ReusePort);
        Stack.V6Only |= flags.HasFlag(RequestFlags.V6Only);
        Stack.AllowBroadcast = flags.HasFlag(RequestFlags.Broadcast);
    }

    /// <summary>False while the program's side is full.</summary>
    protected bool MayWrite { get; private set; }

    /// <summary>Takes over the host's end of the program's socket; false if the kernel cannot watch one more.</summary>
    protected bool TryAttach(int descriptor)
    {
        Descriptor = descriptor;
        MayWrite = true;
        Bridge.Sockets.Held++;
        _isCounted = true;
        if (Bridge.Loop.TryAdd(this, Watched))
            return true;
        CloseDescriptor();
        return false;
    }

    /// <summary>The program's side is full: an event tells when it takes more.</summary>
    protected void AwaitRoom()
    {
        MayWrite = false;
        Bridge.Loop.SetInterest(this, Watched | Constants.EpollOut);
    }

    /// <summary>Takes note if the event that <see cref="AwaitRoom"/> waits for has come.</summary>
    protected void NoteRoom(uint events)
    {
        if (MayWrite || (events & Constants.EpollOut) == 0)
            return;
        MayWrite = true;
        Bridge.Loop.SetInterest(this, Watched);
    }

    /// <summary>
    /// No program speaks on the socket any more, though there may be something left in it to be sent: nothing to keep an
    /// address for.
    /// </summary>
    protected void LetGo()
    {
        if (_isCounted)
            Bridge.Sockets.Held--;
        _isCounted = false;
    }

    /// <summary>Ends our side; the program sees it on its socket.</summary>
    protected void CloseDescriptor()
    {
        if (Descriptor < 0)
            return;
        LetGo();
        Bridge.Loop.Remove(this);
        _ = Libc.close(Descriptor);
        Descriptor = -1;
    }
}
