namespace Pyco.Stack.Transport.Tcp.CongestionControl;

/// <summary>What may be sent before the first ACK (RFC 6928 §2).</summary>
internal static class InitialWindow
{
    public const int Segments = 10;

    public static int Octets(int smss) => Math.Min(Segments * smss, Math.Max(2 * smss, 14600));
}
