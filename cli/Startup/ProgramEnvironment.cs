using System.Text;

namespace Pyco.Cli.Startup;

/// <summary>An environment in the making.</summary>
internal sealed class ProgramEnvironment(IEnumerable<byte[]> variables)
{
    private readonly List<byte[]> _variables = [.. variables];

    /// <summary>In envp's form.</summary>
    public IReadOnlyList<byte[]> Variables => _variables;

    public bool Contains(string name) => Find(name) >= 0;

    /// <summary>The value; empty if there is none.</summary>
    public ReadOnlySpan<byte> Get(string name)
    {
        int index = Find(name);
        return index < 0 ? default : _variables[index].AsSpan(name.Length + 1);
    }

    /// <summary>Sets a variable in its place, or adds it at the end.</summary>
    public void Set(string name, ReadOnlySpan<byte> value)
    {
        byte[] variable = [.. Encoding.UTF8.GetBytes(name), (byte)'=', .. value];
        int index = Find(name);
        if (index < 0)
            _variables.Add(variable);
        else
            _variables[index] = variable;
    }

    public void Set(string name, string value) => Set(name, Encoding.UTF8.GetBytes(value));

    public void Remove(string name)
    {
        while (Find(name) is >= 0 and int index)
            _variables.RemoveAt(index);
    }

    /// <summary>
    /// What a process gets that serves more than one job: who looks for the processes of a job by a variable must not find it.
    /// </summary>
    public ProgramEnvironment ForNoJob()
    {
        byte[][] wanted = [[.. "XDG_RUNTIME_DIR="u8], [.. "DOTNET_"u8]];
        return new(_variables.Where(variable => Array.Exists(wanted, beginning => variable.AsSpan().StartsWith(beginning))));
    }

    /// <summary>Puts a library before those that LD_PRELOAD names already.</summary>
    public void Preload(string library)
    {
        const string name = "LD_PRELOAD";
        byte[] path = Encoding.UTF8.GetBytes(library);
        ReadOnlySpan<byte> others = Get(name);
        // Inside another pyco-run the library is first already.
        if (others.StartsWith(path) && (others.Length == path.Length || others[path.Length] is (byte)':' or (byte)' '))
            return;
        Set(name, others.IsEmpty ? path : [.. path, (byte)':', .. others]);
    }

    private int Find(string name)
    {
        byte[] prefix = Encoding.UTF8.GetBytes($"{name}=");
        return _variables.FindIndex(variable => variable.AsSpan().StartsWith(prefix));
    }
}
