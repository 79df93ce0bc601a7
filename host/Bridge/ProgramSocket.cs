using Pyco.Host.Loop;
using Pyco.Host.Protocol;
using Pyco.Stack;
using Pyco.Stack.Sockets;

namespace Pyco.Host.Bridge;

/// <summary>A program's socket as the host knows it: its kernel name, its socket in the stack, and the wire between.</summary>
/// <remarks>It is attached while the host has an end of its own, whose closing tells that the program has let go.</remarks>
internal abstract class ProgramSocket(SocketBridge bridge, SocketKey key) : SocketSource(bridge.Loop), IStackSocketOwner
{
    private bool _isCounted;

    public SocketKey Key { get; } = key;

    public bool IsV6 => Key.IsV6;

    public abstract StackSocket Stack { get; }

    /// <summary>Options that are only kept.</summary>
    public KeptOptions Kept { get; init; } = new();

    /// <summary>The port under which <see cref="SocketTable"/> keeps it, or 0.</summary>
    public ushort ClaimedPort { get; set; }

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

    /// <summary>Takes over the host's end of the program's socket; false if the kernel cannot watch one more.</summary>
    protected bool TryAttach(int descriptor)
    {
        if (!TryWatch(descriptor))
            return false;
        Bridge.Sockets.Held++;
        _isCounted = true;
        return true;
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
        LetGo();
        Close();
    }
}
