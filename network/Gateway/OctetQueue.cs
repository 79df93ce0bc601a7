namespace Pyco.Network.Gateway;

/// <summary>Octets that wait, in their order, for whoever takes them.</summary>
internal sealed class OctetQueue
{
    /// <summary>What an empty queue may keep for later.</summary>
    private const int MostKept = 4096;

    private byte[] _octets = [];
    private int _start;

    public int Length { get; private set; }

    /// <summary>Valid until the next call.</summary>
    public ReadOnlySpan<byte> Octets => _octets.AsSpan(_start, Length);

    public void Append(ReadOnlySpan<byte> octets)
    {
        int needed = Length + octets.Length;
        if (_start + needed > _octets.Length)
        {
            byte[] room = needed > _octets.Length ? new byte[2 * needed] : _octets;
            Octets.CopyTo(room);
            (_octets, _start) = (room, 0);
        }
        octets.CopyTo(_octets.AsSpan(_start + Length));
        Length = needed;
    }

    /// <summary>Takes octets away from the front.</summary>
    public void Consume(int length)
    {
        _start += length;
        Length -= length;
        if (Length > 0)
            return;
        _start = 0;
        if (_octets.Length > MostKept)
            _octets = [];
    }
}
