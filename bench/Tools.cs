namespace Pyco.Bench;

/// <summary>The bench's own small programs, in C so that they cost next to nothing; compiled when they are needed.</summary>
/// <param name="folder">Where to put them.</param>
internal sealed class Tools(string folder)
{
    private readonly HashSet<string> _compiled = [];

    /// <summary>The path of a program.</summary>
    public string Get(string name)
    {
        string path = Path.Combine(folder, name);
        if (_compiled.Add(name))
            Child.Run("gcc", "-O2", "-o", path, Path.Combine(AppContext.BaseDirectory, "Programs", $"{name}.c"), "-lm");
        return path;
    }
}
